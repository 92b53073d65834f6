// Small comforts. Every page works without this file.
import { Button, CharacterCount, ErrorSummary, PasswordInput, SkipLink, createAll } from "./nhsuk.js";

for (const component of [Button, CharacterCount, ErrorSummary, PasswordInput, SkipLink]) createAll(component);

// What a choice reveals. nhsuk-frontend's own script would put aria-expanded on radios, where it is not allowed.
const hiddenBy = { radio: "nhsuk-radios__conditional--hidden", checkbox: "nhsuk-checkboxes__conditional--hidden" };
const revealing = document.querySelectorAll("input[data-aria-controls]");
const reveal = () => {
  for (const input of revealing) {
    const revealed = document.getElementById(input.dataset.ariaControls);
    revealed?.classList.toggle(hiddenBy[input.type], !input.checked);
  }
};
document.addEventListener("change", reveal);
window.addEventListener("pageshow", reveal); // the browser restores choices when somebody comes back

// A menu made of <details> closes on Escape, or when the focus or a click goes elsewhere.
const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.app-menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
};
document.addEventListener("click", (event) => closeMenus(event.target));
document.addEventListener("focusin", (event) => closeMenus(event.target));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.app-menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Links that a page offers only where a script can keep the promise, such as printing.
for (const button of document.querySelectorAll("[data-app-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
