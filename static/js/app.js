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

  /* The place one stands in slides into sight when the rail, or a row of tabs, is wider than the window. */
  "data-motcua-current": (link) => {
    const row = link.closest(".places, .tabs");
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

  /* A sheet of rows by keyboard alone: Enter goes to the next box, from the last one of a row to the next
     row, from a row left empty to what follows the rows; it never sends the sheet. */
  "data-motcua-rows": (form) => {
    form.addEventListener("keydown", (event) => {
      const box = event.target;
      if (event.key !== "Enter" || !box.matches("input")) return;
      event.preventDefault();
      readCard(box);
      const row = box.closest("[data-motcua-row]");
      const inRows = (each) => each.closest("[data-motcua-row]");
      let rest = [...form.querySelectorAll("[data-motcua-row] input, [data-motcua-after]")]
        .filter((each) => each.type !== "hidden" && !each.matches("[data-motcua-passed], [data-filled]"));
      rest = rest.slice(rest.findIndex((each) => box.compareDocumentPosition(each) & 4));
      if (row && [...row.querySelectorAll("input")].every((each) => !each.value.trim())) {
        rest = rest.filter((each) => !inRows(each));
      }
      const next = rest[0];
      if (!next || next === box) return;
      next.focus();
      next.select?.();
    });
    form.addEventListener("change", (event) => readCard(event.target));
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

/* What the scanner of a citizen card typed into a row, put where it belongs; the server does the same. */
function readCard(box) {
  const row = box.closest?.("[data-motcua-row]");
  if (!row || !box.matches("[data-motcua-card]")) return;
  const name = row.querySelector("[name$='-name']");
  const parts = box.value.split("|").map((part) => part.trim());
  if (parts.length < 6 || !/^\d{12}$/.test(parts[0]) || !parts[2]) {
    if (box.value !== name.dataset.filled) delete name.dataset.filled;
    return;
  }
  box.value = parts[0];
  name.value = parts[2];
  name.dataset.filled = parts[0];
  row.querySelector("[name$='-address']").value = parts[5];
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

/* The QR of a receipt, typed by a scanner wherever the focus is, opens its dossier: a scanner types faster
   than anybody and ends with Enter. The box it typed into gets back what stood there; a page with
   something typed on it stays open. */
const RECEIPT = /^https?:\/\/\S+\/q\/[\w-]+\/?#([\w.-]+)$/;
const SLOWEST_SCANNER = 80; /* ms between two letters */
const scanned = { text: "", last: 0, box: null, before: "" };

function isWrittenOn() {
  const boxes = document.querySelectorAll("form[method=post] :is(input, textarea)");
  return [...boxes].some((box) => (
    box.type === "hidden" ? false
      : box.type === "checkbox" || box.type === "radio" ? box.checked !== box.defaultChecked
        : box.value !== box.defaultValue
  ));
}

function listenForReceipts(search) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter") {
      const found = RECEIPT.exec(scanned.text);
      scanned.text = "";
      if (!found) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (scanned.box) scanned.box.value = scanned.before;
      const address = `${search.action}?q=${encodeURIComponent(found[1])}`;
      if (isWrittenOn()) window.open(address, "_blank", "noopener");
      else window.location.assign(address);
      return;
    }
    if (event.key.length !== 1) return; /* Shift and its like */
    if (!scanned.text || event.timeStamp - scanned.last > SLOWEST_SCANNER) {
      const box = event.target.matches?.("input, textarea") ? event.target : null;
      Object.assign(scanned, { text: "", box, before: box ? box.value : "" });
    }
    scanned.text += event.key;
    scanned.last = event.timeStamp;
  }, true);
}

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
/* A page that finds dossiers for a purpose of its own comes after the box of every page. */
const search = [...document.querySelectorAll("form[data-motcua-scan]")].pop();
if (search) listenForReceipts(search);
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
