/* Passkeys: the browser is the only one that can ask the device for a key, so this needs a script. A form with
   data-motcua-passkey="create" or "get" carries the challenge in data-options; the answer goes into its field
   "passkey" and the form is sent. The reading and writing of keys is the browser's own (WebAuthn level 3). */
"use strict";

for (const form of document.querySelectorAll("[data-motcua-passkey]")) {
  const kind = form.dataset.motcuaPasskey;
  const read = window.PublicKeyCredential && {
    create: PublicKeyCredential.parseCreationOptionsFromJSON,
    get: PublicKeyCredential.parseRequestOptionsFromJSON,
  }[kind];
  if (!read) continue; // the page says what to do instead
  const status = form.querySelector("[data-motcua-status]");
  form.querySelector("[data-motcua-unable]").hidden = true;
  for (const button of form.querySelectorAll("button[hidden]")) button.hidden = false;

  form.addEventListener("submit", async (event) => {
    if (form.elements.passkey.value) return;
    event.preventDefault();
    if (!form.reportValidity()) return;
    status.textContent = "";
    try {
      const publicKey = read.call(PublicKeyCredential, JSON.parse(form.dataset.options));
      const answer = await navigator.credentials[kind]({ publicKey });
      form.elements.passkey.value = JSON.stringify(answer.toJSON());
      form.submit();
    } catch (error) {
      status.textContent = form.dataset.failed;
    }
  });
}
