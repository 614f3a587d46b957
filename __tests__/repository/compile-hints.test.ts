/** What a run calls is marked for V8, and does what it did. */
import { runInNewContext } from "node:vm";
import { expect, test } from "@jest/globals";
import { withCompileHints } from "../../tools/compile-hints.ts";

/** Marks the functions that begin like this, and ends the line as a script does. */
function marked(code: string, ...beginnings: string[]): string {
  return withCompileHints(
    code,
    beginnings.map((beginning) => placeOf(code, beginning)),
  ).replace(/;?$/, ";");
}

/** From where a function begins to the brace that ends it. */
function placeOf(code: string, beginning: string) {
  const start = code.indexOf(beginning);
  for (let end = code.indexOf("{", start), depth = 0; ; end++) {
    if (code[end] === "{") depth++;
    if (code[end] === "}" && --depth === 0) return { start, end: end + 1 };
  }
}

test("a function that is called stands in parentheses, one that is not stays as it is", () => {
  const code = "const a=x=>{return x},b=x=>{return x};c(function(){return a},function(){return b});";
  expect(marked(code, "x=>", "function(){return b")).toBe(
    "const a=(x=>{return x}),b=x=>{return x};c(function(){return a},(function(){return b}));",
  );
});

test("what is called at once, or stands in parentheses already, gets no more of them", () => {
  const code = "(()=>{const a=(x=>{return x});a(1)})();";
  expect(marked(code, "()=>", "x=>")).toBe(code);
});

test("a declaration becomes a variable before all else of its function, so it is there where it was", () => {
  const code = '(()=>{"use strict";a();let n=0;function a(){return b()}function b(){return n}})();';
  expect(marked(code, "function a")).toBe(
    '(()=>{"use strict";var a=(function(){return b()});a();let n=0;function b(){return n}})();',
  );
});

test("methods, and declarations where a variable would mean something else, stay as they are", () => {
  const code = "({a(){return 1}});class B{c(){return 2}}{function d(){return 3}}";
  expect(marked(code, "a()", "c()", "function d")).toBe(`${code};`);
});

test.each([
  ["its name", "(()=>{function a(){return 1}return a.name})()", "function a"],
  ["itself", "(()=>{function a(n){return n<2?1:n*a(n-1)}return a(5)})()", "function a"],
  ["`this` and `new`", "(()=>{function A(){this.x=1}A.prototype.y=2;const a=new A;return a.x+a.y})()", "function A"],
  ["its arguments", "(()=>{function a(){return arguments.length}return a(1,2,3)})()", "function a"],
  ["what it yields", "(()=>{function*a(){yield 1;yield 2}return[...a()].join()})()", "function*a"],
  ["what is around it", "(()=>{function a(){const b=2;function c(){return b}return c()}return a()})()", "function a"],
])("a function that is marked keeps %s", (_, code, beginning) => {
  const hinted = marked(code, beginning);
  expect(hinted).toContain("=(function");
  expect(runInNewContext(hinted)).toEqual(runInNewContext(code));
});
