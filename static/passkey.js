// Passkeys: the browser's part of https://www.w3.org/TR/webauthn-3/. A form carries what the desk asks for (or where to
// ask for it), and posts what the device answered.

const NOT_HERE = "This browser has no passkeys here. They need https, or the name localhost.";
const FAILED = "That did not work, or was cancelled. Try again.";

// A passkey signs in alone, so the device must know whose it is and check that.
const ALONE = { residentKey: "required", requireResidentKey: true, userVerification: "required" };

const optionsOf = async (form) => {
  const given = JSON.parse(form.dataset.options);
  if (given.publicKey) return given.publicKey;
  const answer = await fetch(given, { headers: { Accept: "application/json" } });
  return (await answer.json()).request_options.publicKey;
};

const answerOf = async (options) => {
  if (options.user) {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON({ ...options, authenticatorSelection: ALONE });
    return navigator.credentials.create({ publicKey });
  }
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
};

for (const form of document.querySelectorAll("form.passkey")) {
  const said = form.querySelector("[role=alert][hidden]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(await answerOf(await optionsOf(form)));
      form.submit();
    } catch (error) {
      said.textContent = window.PublicKeyCredential && error.name !== "SecurityError" ? FAILED : NOT_HERE;
      said.hidden = false;
    }
  });
}
