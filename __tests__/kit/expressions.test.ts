/** The sandbox evaluates with GitHub's own package; what is laid round it must not change what it says. */
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import type { FunctionDefinition } from "@actions/expressions/funcs/info";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { evaluateCondition, evaluateText, type Scope, toText, type Value } from "./expressions.ts";

const CONTEXTS: Readonly<Record<string, Value>> = {
  github: { ref: "refs/heads/main", Run_Id: 12, event: { inputs: { deep: [1, [2, 3], { a: "b" }] } } },
  env: { A: "abc", b: "ABD", EMPTY: "", ONE: "1", HEX: "0x10" },
  matrix: [{ os: "Linux", n: 1 }, { os: "windows" }, { n: null }, ["x", { os: "nested" }], "text", 3],
  needs: { one: { result: "success", outputs: { a: "1" } }, two: { result: "failure", outputs: {} } },
};
const STATUS = { success: true, failure: false };
const scope: Scope = { contexts: CONTEXTS, status: STATUS };

/** The package alone, used as its README tells. */
function oracle(expression: string): unknown {
  const functions: FunctionDefinition[] = Object.entries({ ...STATUS, always: true, cancelled: false }).map(
    ([name, holds]) => ({ name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(holds) }),
  );
  const { tokens } = new Lexer(expression).lex();
  const tree = new Parser(tokens, Object.keys(CONTEXTS), functions).parse();
  const contexts: data.Dictionary = JSON.parse(JSON.stringify(CONTEXTS), data.reviver);
  const value = new Evaluator(tree, contexts, new Map(functions.map((each) => [each.name, each]))).evaluate();
  return { text: value.coerceString(), json: JSON.stringify(value, data.replacer) };
}

function ours(expression: string): unknown {
  const value = evaluateText(`\${{ ${expression} }}`, scope);
  return { text: toText(value), json: JSON.stringify(value) };
}

/** What comes out, or that nothing does. */
function outcome(evaluate: (expression: string) => unknown, expression: string): unknown {
  try {
    return evaluate(expression);
  } catch {
    return "an error";
  }
}

const WORDS = ["abc", "ABD", "abd", "", "1", " 1 ", "0x10", "1e3", "it's", "{0}-{1}", "true", "main", "İı", "a{{b}}"];
const NUMBERS = [
  "0",
  "1",
  "-1",
  "+1",
  "1e3",
  "0x10",
  "0o17",
  ".5",
  "1.50",
  "NaN",
  "Infinity",
  "-Infinity",
  "1e400",
  "1.",
  "--1",
];
const NAMES = [
  "ref",
  "run_id",
  "event",
  "inputs",
  "deep",
  "A",
  "a",
  "B",
  "os",
  "n",
  "one",
  "result",
  "outputs",
  "no",
  "length",
];

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
const literal = fc.oneof(
  fc.constantFrom("true", "false", "null", "TRUE", "Null"),
  fc.constantFrom(...NUMBERS),
  fc.constantFrom(...WORDS.map(quoted)),
);

const { expression } = fc.letrec<{ expression: string; start: string; postfix: string; call: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 3, arbitrary: literal },
    { weight: 3, arbitrary: tie("start") },
    {
      weight: 3,
      arbitrary: fc
        .tuple(tie("expression"), fc.constantFrom("==", "!=", "<", "<=", ">", ">=", "&&", "||"), tie("expression"))
        .map(([left, operator, right]) => `${left} ${operator} ${right}`),
    },
    { weight: 1, arbitrary: tie("expression").map((of) => `!${of}`) },
    { weight: 1, arbitrary: tie("expression").map((of) => `(${of})`) },
    { weight: 2, arbitrary: tie("call") },
  ),
  start: fc
    .tuple(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...Object.keys(CONTEXTS), "GitHub") },
        { weight: 1, arbitrary: fc.constantFrom("true", "'a'", "1", "vars") },
        { weight: 1, arbitrary: tie("call") },
      ),
      fc.array(tie("postfix"), { maxLength: 4 }),
    )
    .map(([of, parts]) => of + parts.join("")),
  postfix: fc.oneof(
    { depthSize: "small" },
    { weight: 6, arbitrary: fc.constantFrom(...NAMES).map((name) => `.${name}`) },
    { weight: 2, arbitrary: fc.constantFrom(".*", "[*]", "[0]", "[1]", "[-1]", "[0.5]", "['os']", "['0']") },
    { weight: 1, arbitrary: tie("expression").map((by) => `[${by}]`) },
  ),
  call: fc
    .tuple(
      fc.constantFrom(
        ...["contains", "startsWith", "endsWith", "format", "join", "toJSON", "fromJSON", "case"],
        ...["Contains", "always", "success", "failure", "cancelled", "hashes"],
      ),
      fc.array(tie("expression"), { maxLength: 3 }),
    )
    .map(([name, args]) => `${name}(${args.join(", ")})`),
}));

/** Some with a character left out, which makes most of them errors. */
const mangled = fc
  .tuple(expression, fc.option(fc.nat(), { freq: 12 }))
  .map(([text, index]) =>
    index === null ? text : text.slice(0, index % text.length) + text.slice((index % text.length) + 1),
  );

describe("an expression", () => {
  test("is what @actions/expressions makes of it, in 10,000 generated ones", () => {
    const seen = { values: 0, errors: 0 };
    fc.assert(
      fc.property(mangled, (text) => {
        const wanted = outcome(oracle, text);
        seen[wanted === "an error" ? "errors" : "values"]++;
        expect([text, outcome(ours, text)]).toEqual([text, wanted]);
      }),
      { numRuns: 10_000 },
    );
    // The comparison is worth something only where both happen often.
    expect(Math.min(seen.values, seen.errors)).toBeGreaterThan(1_000);
  });

  test.each<[string, Value]>([
    ["'abc' < 'ABD'", true],
    ["matrix.os", null],
    ["join(matrix.*.os)", "Linux,windows"],
    ["join(matrix.*.*)", "Linux,1,windows,,x,Object"],
    ["toJSON(needs.*.outputs.a)", '[\n  "1"\n]'],
    ["needs[*].result", ["success", "failure"]],
    ["1e3 == 1000 && 0x10 == 16 && .5 == 0.5", true],
    ["NaN == NaN", false],
    ["format('{{{0}}}', 1)", "{1}"],
  ])("%s is what the runner makes of it", (text, value) => {
    expect(evaluateText(`\${{ ${text} }}`, scope)).toEqual(value);
  });

  test.each(["true.x", "'a'.length", "always(1)", "'open", "", "github.", "secrets.A", "github github"])(
    "%s is an error",
    (text) => expect(() => evaluateText(`\${{ ${text} }}`, scope)).toThrow(),
  );

  test.each([`a \${{ b`, `\${{ 'a }}`, `\${{ 1 }} and \${{ 2`])("that is not closed is an error: %s", (text) => {
    expect(() => evaluateText(text, scope)).toThrow("is not closed");
  });

  test("in a text is written as the runner writes it", () => {
    const text = `a \${{ 1.50 }} \${{ null }}\${{ true }} \${{ matrix }} \${{ env }} \${{ NaN }} \${{ '}}' }} }}`;
    expect(evaluateText(text, scope)).toBe("a 1.5 true Array Object NaN }} }}");
  });
});

describe("where the package is wrong the sandbox is right", () => {
  test("every doubled quote of a text is one", () => {
    expect(evaluateText(`\${{ 'a''b''c' }}`, scope)).toBe("a'b'c");
    expect(outcome(oracle, "'a''b''c'")).toMatchObject({ text: "a'b''c" });
  });

  test.each(["'ß' == 'SS'", "contains(fromJSON('[\"straße\"]'), 'STRASSE')", "'ﬁ' == 'FI'", "'ß' <= 'st'"])(
    "%s does not hold: a character is compared with a character",
    (text) => {
      expect(evaluateText(`\${{ ${text} }}`, scope)).toBe(false);
      expect(outcome(oracle, text)).toMatchObject({ text: "true" });
    },
  );
});

describe("a condition", () => {
  const failed: Scope = { contexts: CONTEXTS, status: { success: false, failure: true } };

  test.each<[string | undefined, boolean, boolean]>([
    [undefined, true, false],
    ["", true, false],
    ["true", true, false],
    [`\${{ true }}`, true, false],
    ["always()", true, true],
    ["!cancelled()", true, true],
    ["Failure() || false", false, true],
    ["env.A == 'failure()'", false, false],
    ["env.A == 'abc' || 'always('", true, false],
    ["github.event.inputs && contains(fromJSON(format('[{0}]', always())), true)", true, true],
  ])("%s asks for success unless it names a status", (text, afterSuccess, afterFailure) => {
    expect([evaluateCondition(text, scope), evaluateCondition(text, failed)]).toEqual([afterSuccess, afterFailure]);
  });

  test.each([`a \${{ true }}`, "'open", "success", "needs.one.result = 1"])("%s cannot be read", (text) => {
    expect(() => evaluateCondition(text, scope)).toThrow("sandbox");
  });
});
