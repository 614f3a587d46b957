import { data, Evaluator, type Expr, Lexer, Parser } from "@actions/expressions";
import { Binary, Literal } from "@actions/expressions/ast";
import { contains } from "@actions/expressions/funcs/contains";
import type { FunctionDefinition } from "@actions/expressions/funcs/info";
import type { Token } from "@actions/expressions/lexer";
import { toUpperSpecial, truthy } from "@actions/expressions/result";

/** What an expression of a workflow can be. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value };

/** What an expression sees: its contexts by name, and how the job fares so far. */
export interface Scope {
  readonly contexts: Readonly<Record<string, Value>>;
  /** Absent where the status functions may not be called. */
  readonly status?: Status;
}

export interface Status {
  readonly success: boolean;
  readonly failure: boolean;
}

/** An expression ends at the first `}}` that is in none of its texts. */
const EXPRESSION = /\$\{\{((?:'[^']*'|(?!\}\})[^'])*)\}\}/;
const EXPRESSIONS = new RegExp(EXPRESSION, "g");
const EXPRESSION_ALONE = new RegExp(`^\\s*${EXPRESSION.source}\\s*$`);

/** A text of a workflow with every `${{ … }}` in it evaluated; one that is nothing else keeps its type. */
export function evaluateText(text: string, scope: Scope): Value {
  if (text.replace(EXPRESSIONS, "").includes("${{")) throw unreadable(text, "an expression is not closed");
  const alone = EXPRESSION_ALONE.exec(text)?.[1];
  if (alone !== undefined) return toValue(run(alone, scope));
  return text.replace(EXPRESSIONS, (_, expression: string) => run(expression, scope).coerceString());
}

/** Whether an `if:` holds. One that asks for no status means `success()`, too. */
export function evaluateCondition(condition: string | undefined, scope: Scope): boolean {
  const written = (condition ?? "").trim();
  const bare = (EXPRESSION_ALONE.exec(written)?.[1] ?? written).trim();
  if (bare.includes("${{"))
    throw new Error(`The sandbox plays no mixture of text and expression in "if: ${condition}"`);
  if (bare === "") return scope.status?.success === true;
  const whole = asksForStatus(tokensOf(bare)) ? bare : `success() && (${bare})`;
  return truthy(run(whole, scope));
}

/** As GitHub writes a value into a text. */
export function toText(value: Value): string {
  return toData(value).coerceString();
}

function run(expression: string, scope: Scope): data.ExpressionData {
  const functions = [CONTAINS, ...statusFunctions(scope.status)];
  const contexts = Object.entries(scope.contexts).map(([key, value]) => ({ key, value: toData(value) }));
  const tree = parse(expression, Object.keys(scope.contexts), functions);
  const byName = new Map(functions.map((each) => [each.name.toLowerCase(), each]));
  return new OrdinalEvaluator(tree, new data.Dictionary(...contexts), byName).evaluate();
}

/** The status functions take nothing, and say how the job fares. Nobody cancels a run of the sandbox. */
function statusFunctions(status: Status | undefined): FunctionDefinition[] {
  if (status === undefined) return [];
  const answers = { always: true, cancelled: false, success: status.success, failure: status.failure };
  return Object.entries(answers).map(([name, holds]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(holds),
  }));
}

const STATUS_FUNCTIONS = ["always", "cancelled", "success", "failure"];

function asksForStatus(tokens: readonly Token[]): boolean {
  return tokens.some(
    ({ lexeme }, index) => STATUS_FUNCTIONS.includes(lexeme.toLowerCase()) && tokens[index + 1]?.lexeme === "(",
  );
}

function parse(expression: string, contexts: string[], functions: FunctionDefinition[]): Expr {
  const tokens = tokensOf(expression);
  try {
    // Where there is nothing to parse the parser returns nothing, whatever its type says.
    const tree: Expr | undefined = new Parser(tokens, contexts, functions).parse();
    if (tree !== undefined) return tree;
  } catch (error) {
    throw unreadable(expression, error instanceof Error ? error.message : String(error));
  }
  throw unreadable(expression, "it is empty");
}

function tokensOf(expression: string): Token[] {
  const tokens = lex(expression);
  // The lexer undoubles the first quote of a text alone (actions/languageservices, expressions/src/lexer.ts, consumeString).
  return tokens.map((token) =>
    token.lexeme.startsWith("'") ? { ...token, value: token.lexeme.slice(1, -1).replaceAll("''", "'") } : token,
  );
}

function lex(expression: string): Token[] {
  try {
    return new Lexer(expression).lex().tokens;
  } catch (error) {
    throw unreadable(expression, error instanceof Error ? error.message : String(error));
  }
}

function unreadable(expression: string, why: string): Error {
  return new Error(`The sandbox cannot read the expression "${expression.trim()}": ${why}`);
}

function toData(value: Value): data.ExpressionData {
  // JSON knows neither NaN nor Infinity.
  if (typeof value === "number") return new data.NumberData(value);
  const made: data.ExpressionData = JSON.parse(JSON.stringify(value), data.reviver);
  return made;
}

function toValue(of: data.ExpressionData): Value {
  if (of instanceof data.Array) return of.values().map(toValue);
  if (of instanceof data.Dictionary)
    return Object.fromEntries(of.pairs().map(({ key, value }) => [key, toValue(value)]));
  return of instanceof data.Null ? null : of.value;
}

// The runner compares texts character by character and makes no "SS" of "ß", as the package does
// (actions/languageservices, expressions/src/result.ts, toUpperSpecial).

class OrdinalEvaluator extends Evaluator {
  override visitBinary({ left, operator, right }: Binary): data.ExpressionData {
    const [a, b] = comparable(this.eval(left), this.eval(right));
    return super.visitBinary(new Binary(new Literal(a, operator), operator, new Literal(b, operator)));
  }
}

/** The package's own, save that the entries of a list are compared as above. */
const CONTAINS: FunctionDefinition = {
  ...contains,
  call(search: data.ExpressionData, item: data.ExpressionData) {
    if (!(search instanceof data.Array)) return contains.call(search, item);
    const holds = search.values().some((entry) => {
      const [a, b] = comparable(entry, item);
      return truthy(contains.call(new data.Array(a), b));
    });
    return new data.BooleanData(holds);
  },
};

/** Two texts in a form that keeps their order and in which the package finds no case to change; all else as it is. */
function comparable(a: data.ExpressionData, b: data.ExpressionData): [data.ExpressionData, data.ExpressionData] {
  if (!(a instanceof data.StringData && b instanceof data.StringData)) return [a, b];
  return [new data.StringData(ordinal(a.value)), new data.StringData(ordinal(b.value))];
}

function ordinal(text: string): string {
  const upper = Array.from(text, (character) => {
    const changed = toUpperSpecial(character);
    return Array.from(changed).length === 1 ? changed : character;
  }).join("");
  return Array.from({ length: upper.length }, (_, index) => upper.charCodeAt(index).toString(16).padStart(4, "0")).join(
    "",
  );
}
