// Builds app/static/built/: our stylesheets and scripts beside the parts of nhsuk-frontend that we use.
// Every file name carries a hash of its content; manifest.json says which name to ask for.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const source = (name) => readFileSync(join(here, "src", name), "utf8");
const target = join(here, "built");
const nhsuk = join(dirname(createRequire(import.meta.url).resolve("nhsuk-frontend/package.json")), "dist/nhsuk");
const vendored = (name) => readFileSync(join(nhsuk, name), "utf8");

// The components of nhsuk-frontend that our pages use. Anything else is left out of the stylesheet.
const KEPT = new Set(
  `back-link body body-l body-m body-s button button-group caption caption-l caption-m character-count checkboxes
  date-input details error-message error-summary fieldset form-group frontend-supported grid-column-full
  grid-column-one-half grid-column-one-third grid-column-two-thirds grid-row heading-l heading-m heading-s
  heading-xl heading-xs hint icon input inset-text js-enabled label label-wrapper link link--no-visited-state list
  password-input radios select skip-link summary-list template textarea warning-callout`.split(/\s+/),
);
const KEPT_UTILITIES = /^u-(visually-hidden|margin-(top|bottom)-\d|text-break-word|nowrap|width-|font-weight-bold)/;

const block = (className) => className.replace(/^nhsuk-/, "").replace(/(__|--).*$/, "");

// The search field's own cross is drawn from a picture; the browser's cross will do.
const DROPPED = /search-cancel-button/;

function isKept(selector) {
  if (DROPPED.test(selector)) return false;
  const classes = selector.match(/\.nhsuk-[\w-]+/g) ?? [];
  return classes.every((name) => KEPT.has(block(name.slice(1))) || KEPT_UTILITIES.test(name.slice(7)));
}

// Splits "a{…}@media x{b{…}}" into [prelude, body] pairs. The text is minified: no comments, no braces in strings.
function* rules(css) {
  let start = 0;
  for (let at = 0; at < css.length; at += 1) {
    if (css[at] === ";") start = at + 1;
    if (css[at] !== "{") continue;
    const prelude = css.slice(start, at);
    const opened = at;
    for (let depth = 1; depth > 0; ) {
      at += 1;
      if (css[at] === "{") depth += 1;
      if (css[at] === "}") depth -= 1;
    }
    yield [prelude, css.slice(opened + 1, at)];
    start = at + 1;
  }
}

// Commas inside :is(…) or :not(…) do not part selectors.
const selectorsOf = (prelude) => prelude.split(/,(?![^(]*\))/);

function onlyWhatWeUse(css) {
  let kept = "";
  for (const [prelude, body] of rules(css)) {
    if (prelude.startsWith("@font-face")) continue;
    if (prelude.startsWith("@media") || prelude.startsWith("@supports")) {
      const inner = onlyWhatWeUse(body);
      if (inner) kept += `${prelude}{${inner}}`;
    } else if (prelude.startsWith("@")) {
      kept += `${prelude}{${body}}`;
    } else {
      const selectors = selectorsOf(prelude).filter(isKept);
      if (selectors.length) kept += `${selectors.join(",")}{${body}}`;
    }
  }
  return kept;
}

function foundation() {
  const css = onlyWhatWeUse(vendored("nhsuk-frontend.min.css").replace(/^@charset "UTF-8";/, ""));
  // Frutiger is licensed to NHS services; everybody else writes in Arial.
  const plain = css.replaceAll(/Frutiger W01,\s*arial,\s*sans-serif/gi, 'Arial,"Liberation Sans",sans-serif');
  for (const forbidden of ["url(", "Frutiger", "@font-face", "@import"]) {
    if (plain.includes(forbidden)) throw new Error(`the stylesheet still contains ${forbidden}`);
  }
  return plain;
}

const squeezed = (css) =>
  css
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ ?([{};,]) ?/g, "$1")
    .replaceAll(/;}/g, "}")
    .trim();

function written(name, content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const file = `${basename(name, extname(name))}-${hash}${extname(name)}`;
  writeFileSync(join(target, file), content);
  writeFileSync(join(target, `${file}.gz`), gzipSync(content, { level: 9 }));
  writeFileSync(join(target, `${file}.br`), brotliCompressSync(content));
  return file;
}

function build() {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const manifest = {
    "app.css": written("app.css", foundation() + squeezed(source("base.css"))),
    "favicon.svg": written("favicon.svg", readFileSync(join(here, "favicon.svg"), "utf8")),
    "first.js": written("first.js", source("first.js")),
    "nhsuk.js": written("nhsuk.js", vendored("nhsuk-frontend.min.js").replace(/\/\/# sourceMappingURL=.*/, "")),
  };
  for (const name of ["reporter.css", "casework.css"]) manifest[name] = written(name, squeezed(source(name)));
  manifest["app.js"] = written("app.js", source("app.js").replace("./nhsuk.js", `./${manifest["nhsuk.js"]}`));
  writeFileSync(join(target, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

build();
