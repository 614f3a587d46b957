/** What a run calls is written so that V8 reads it once, and does what it did. */
import { runInNewContext } from "node:vm";
import { expect, test } from "@jest/globals";
import { forV8 } from "../../tools/for-v8.ts";

/** Arranges a script of which the functions are called that begin like this; its line ends as a script's does. */
function arranged(code: string, ...beginnings: string[]): string {
  const called = beginnings.map((beginning) => placeOf(code, beginning));
  return forV8(code, called).replace(/;?$/, ";");
}

/** From where a function begins to the brace that ends it. */
function placeOf(code: string, beginning: string) {
  const start = code.indexOf(beginning);
  for (let end = code.indexOf("{", start), depth = 0; ; end++) {
    if (code[end] === "{") depth++;
    if (code[end] === "}" && --depth === 0) return { start, end: end + 1 };
  }
}

/** Makes a function long. */
const LONG = `"${"long".repeat(50)}"`;

test("a function that is called stands in parentheses, one that is not stays as it is", () => {
  const code = "const a=x=>{return x},b=x=>{return x};c(function(){return a},function(){return b});";
  expect(arranged(code, "x=>", "function(){return b")).toBe(
    "const a=(x=>{return x}),b=x=>{return x};c(function(){return a},(function(){return b}));",
  );
});

test("what is called at once, or stands in parentheses already, gets no more of them", () => {
  const code = "(()=>{const a=(x=>{return x});a(1)})();";
  expect(arranged(code, "()=>", "x=>")).toBe(code);
});

test("a declaration becomes a variable before all else of its function, so it is there where it was", () => {
  const code = '(()=>{"use strict";a(1);let n=0;async function a(b){return c(b)}function c(){return n}})();';
  expect(arranged(code, "async function a")).toBe(
    '(()=>{"use strict";var a=(async b=>c(b));a(1);let n=0;function c(){return n}})();',
  );
});

test("a long arrow function that nothing calls becomes a function, one that takes `this` from around it does not", () => {
  const code = `const a=async(b)=>{await b(${LONG})},c=b=>b(${LONG}),d=()=>this.e(${LONG}),f=b=>b();`;
  expect(arranged(code)).toBe(
    `const a=async function(b){await b(${LONG})},c=function(b){return b(${LONG})},d=()=>this.e(${LONG}),f=b=>b();`,
  );
});

test("methods, and declarations where a variable would mean something else, stay as they are", () => {
  const code = "({a(){return 1}});class B{c(){return 2}}{function d(){return 3}}";
  expect(arranged(code, "a()", "c()", "function d")).toBe(`${code};`);
});

test.each([
  ["its name", "(()=>{function a(){return 1}return a.name})()", "function a"],
  ["itself", "(()=>{function a(n){return n<2?1:n*a(n-1)}return a(5)})()", "function a"],
  ["`this` and `new`", "(()=>{function A(){this.x=1}A.prototype.y=2;const a=new A;return a.x+a.y})()", "function A"],
  ["its arguments", "(()=>{function a(){return arguments.length}return a(1,2,3)})()", "function a"],
  ["what it yields", "(()=>{function*a(){yield 1;yield 2}return[...a()].join()})()", "function*a"],
  ["what is around it", "(()=>{function a(){const b=2;function c(){return b}return c()}return a()})()", "function a"],
])("a declaration that is called keeps %s", (_, code, beginning) => {
  const written = arranged(code, beginning);
  expect(written).toMatch(/=\((?:function|\w+=>|\(\)=>)/);
  expect(runInNewContext(written)).toEqual(runInNewContext(code));
});
