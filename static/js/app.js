/* Small helps on top of pages that already work without them. Each is found by a data-motcua-* hook and
   may be used on anything that carries it; htmx answers are set up as they arrive. No library, no eval. */
"use strict";

const helps = {
  /* A control that makes sense only with a script: the server sends it hidden. */
  "data-motcua-print": (button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  },

  /* The message of an act can be put away. */
  "data-motcua-dismiss": (button) => {
    button.hidden = false;
    button.addEventListener("click", () => button.closest(".toast").remove());
  },

  /* Copies the text of the element it names: data-motcua-copy="dossier-code". */
  "data-motcua-copy": (button) => {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.motcuaCopy).textContent.trim();
      await navigator.clipboard.writeText(text);
      button.dataset.done = "";
    });
  },

  /* The list of faults takes the focus when the page comes back. */
  "data-motcua-focus": (element) => element.focus(),

  /* The place one stands in slides into sight when the rail is a row. */
  "data-motcua-current": (link) => {
    const row = link.closest(".places");
    if (row) row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  },

  /* A form sent once: a second click changes nothing (the server sees to it as well). */
  "data-motcua-once": (form) => {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent !== undefined) {
        event.preventDefault();
        return;
      }
      form.dataset.sent = "";
      event.submitter?.setAttribute("aria-busy", "true");
    });
    /* Back from the next page: the form may be sent again. */
    window.addEventListener("pageshow", () => {
      delete form.dataset.sent;
      form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
    });
  },

  /* Ticks every box of its form that bears the name it names: data-motcua-tick-all="dossier". */
  "data-motcua-tick-all": (box) => {
    const form = box.form;
    if (!form) return;
    box.closest("[hidden]")?.removeAttribute("hidden");
    const others = () => [...form.elements].filter((e) => e.name === box.dataset.motcuaTickAll);
    box.addEventListener("change", () => {
      for (const other of others()) other.checked = box.checked;
    });
    const follow = () => {
      /* The list was replaced by an answer: the new box follows in its own right. */
      if (!box.isConnected) {
        form.removeEventListener("change", follow);
        return;
      }
      const ticked = others().filter((other) => other.checked).length;
      box.checked = ticked > 0 && ticked === others().length;
      box.indeterminate = ticked > 0 && ticked < others().length;
    };
    form.addEventListener("change", follow);
    follow();
  },

  /* Enter in a field: the change of the field has asked the server already, once is enough. */
  "data-motcua-enter": (button) => {
    button.addEventListener("click", (event) => event.preventDefault());
  },

  /* An organisation has a tax code, a person a number of their own, unless somebody chose otherwise. */
  "data-motcua-id-kind": (select) => {
    select.addEventListener("change", () => {
      const kind = document.getElementById(select.dataset.motcuaIdKind);
      const [from, to] = ["personal_id", "tax_code"];
      if (select.value === "organisation" && kind.value === from) kind.value = to;
      else if (select.value === "citizen" && kind.value === to) kind.value = from;
    });
  },

  /* A link to a page that asks for a reason opens the dialog of the same page instead. */
  "data-motcua-dialog": (link) => {
    const dialog = document.getElementById(link.dataset.motcuaDialog);
    if (!dialog || !dialog.showModal) return;
    dialog.removeAttribute("open");
    link.addEventListener("click", (event) => {
      event.preventDefault();
      dialog.showModal();
    });
    for (const button of dialog.querySelectorAll("[data-motcua-close]")) {
      button.addEventListener("click", (event) => {
        event.preventDefault();
        dialog.close();
        link.focus();
      });
    }
  },

  /* From the search box, the down arrow goes to the first answer: data-motcua-answers="found". */
  "data-motcua-answers": (input) => {
    input.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown") return;
      const list = document.getElementById(input.dataset.motcuaAnswers);
      const first = list?.querySelector("input, a, button");
      if (!first) return;
      event.preventDefault();
      first.focus();
      if (first.type === "radio") first.click();
    });
  },
};

function setUp(root) {
  for (const [hook, help] of Object.entries(helps)) {
    const found = [...root.querySelectorAll(`[${hook}]`)];
    if (root.matches?.(`[${hook}]`)) found.unshift(root);
    for (const element of found) {
      const done = `${hook}-ready`;
      if (element.hasAttribute(done)) continue;
      element.setAttribute(done, "");
      help(element);
    }
  }
}

/* An act that did not reach the server, or came back broken, must say so: silence looks like success. */
function say(templateId) {
  const template = document.getElementById(templateId);
  const messages = document.getElementById("messages");
  if (template && messages) messages.replaceChildren(template.content.cloneNode(true));
}

setUp(document);
document.addEventListener("htmx:load", (event) => setUp(event.detail.elt));
document.addEventListener("htmx:sendError", () => say("message-lost"));
document.addEventListener("htmx:timeout", () => say("message-lost"));
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status >= 500) say("message-failed");
});
/* A form that came back with its faults (422) is the answer, not an error. */
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
