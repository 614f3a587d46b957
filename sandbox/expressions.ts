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
  const alone = EXPRESSION_ALONE.exec(text)?.[1];
  if (alone !== undefined) return evaluate(alone, scope);
  return text.replace(EXPRESSIONS, (_, expression: string) => toText(evaluate(expression, scope)));
}

/** Whether an `if:` holds. One that asks for no status means `success()`, too. */
export function evaluateCondition(condition: string | undefined, scope: Scope): boolean {
  const written = (condition ?? "").trim();
  const bare = EXPRESSION_ALONE.exec(written)?.[1] ?? written;
  if (bare.includes("${{"))
    throw new Error(`The sandbox plays no mixture of text and expression in "if: ${condition}"`);
  const node = parse(bare.trim() === "" ? "success()" : bare);
  const asked = asksForStatus(node) || scope.status?.success === true;
  return asked && isTrue(run(node, scope));
}

/** As GitHub writes a value into a text. */
export function toText(value: Value): string {
  if (typeof value !== "object") return String(value);
  return value === null ? "" : isList(value) ? "Array" : "Object";
}

function evaluate(expression: string, scope: Scope): Value {
  return run(parse(expression), scope);
}

type Node =
  | { readonly kind: "literal"; readonly value: Value }
  | { readonly kind: "context"; readonly name: string }
  | { readonly kind: "index"; readonly of: Node; readonly by: Node }
  | { readonly kind: "every"; readonly of: Node }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: "not"; readonly of: Node }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Node; readonly right: Node };

const TOKEN = /\s*(?:('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w-]*)|(&&|\|\||[=!<>]=|[!<>()[\].,*]))/y;
/** Binary operators, the loosest first. */
const LEVELS = [["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="]];
const LITERALS: Readonly<Record<string, Value>> = { true: true, false: false, null: null };

/** Reads an expression by recursive descent. */
function parse(expression: string): Node {
  const tokens = tokenize(expression);
  let next = 0;
  const peek = (): string | undefined => tokens[next];
  const take = (wanted?: string): string => {
    const token = tokens[next++];
    if (token === undefined || (wanted !== undefined && token !== wanted)) throw unreadable(expression);
    return token;
  };

  const binary = (level: number): Node => {
    const operators = LEVELS[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    while (operators.includes(peek() ?? "")) {
      left = { kind: "binary", operator: take(), left, right: binary(level + 1) };
    }
    return left;
  };
  const unary = (): Node => {
    if (peek() !== "!") return postfix(primary());
    take("!");
    return { kind: "not", of: unary() };
  };
  const primary = (): Node => {
    const token = take();
    if (token === "(") {
      const inner = binary(0);
      take(")");
      return inner;
    }
    if (token.startsWith("'")) return { kind: "literal", value: token.slice(1, -1).replaceAll("''", "'") };
    if (/^-?\d/.test(token)) return { kind: "literal", value: Number(token) };
    if (!/^[A-Za-z_]/.test(token)) throw unreadable(expression);
    if (peek() === "(") return { kind: "call", name: token.toLowerCase(), args: args() };
    const literal = LITERALS[token];
    return literal === undefined ? { kind: "context", name: token.toLowerCase() } : { kind: "literal", value: literal };
  };
  const args = (): Node[] => {
    const list: Node[] = [];
    take("(");
    while (peek() !== ")") {
      list.push(binary(0));
      if (peek() === ",") take(",");
      else if (peek() !== ")") throw unreadable(expression);
    }
    take(")");
    return list;
  };
  const postfix = (start: Node): Node => {
    let node = start;
    for (;;) {
      if (peek() === ".") {
        take(".");
        const name = take();
        if (name !== "*" && !/^[A-Za-z_]/.test(name)) throw unreadable(expression);
        node =
          name === "*"
            ? { kind: "every", of: node }
            : { kind: "index", of: node, by: { kind: "literal", value: name } };
      } else if (peek() === "[") {
        take("[");
        node = { kind: "index", of: node, by: binary(0) };
        take("]");
      } else {
        return node;
      }
    }
  };

  const node = binary(0);
  if (next < tokens.length) throw unreadable(expression);
  return node;
}

function tokenize(expression: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.trimEnd().length) {
    const found = TOKEN.exec(expression);
    if (found === null) throw unreadable(expression);
    tokens.push(found[0].trim());
  }
  return tokens;
}

function unreadable(expression: string): Error {
  return new Error(`The sandbox cannot read the expression "${expression.trim()}"`);
}

const STATUS_FUNCTIONS = ["success", "failure", "always", "cancelled"];

function asksForStatus(node: Node): boolean {
  switch (node.kind) {
    case "call":
      return STATUS_FUNCTIONS.includes(node.name) || node.args.some(asksForStatus);
    case "binary":
      return asksForStatus(node.left) || asksForStatus(node.right);
    case "index":
      return asksForStatus(node.of) || asksForStatus(node.by);
    case "every":
    case "not":
      return asksForStatus(node.of);
    default:
      return false;
  }
}

function run(node: Node, scope: Scope): Value {
  switch (node.kind) {
    case "literal":
      return node.value;
    case "context":
      return context(node.name, scope);
    case "index":
      return property(run(node.of, scope), run(node.by, scope));
    case "every": {
      const of = run(node.of, scope);
      return typeof of === "object" && of !== null ? Object.values(of) : [];
    }
    case "not":
      return !isTrue(run(node.of, scope));
    case "call":
      return call(node.name, node.args, scope);
    case "binary":
      return binaryValue(node.operator, node, scope);
  }
}

/** A context that may not be used in this place is an error, as it is on GitHub. */
function context(name: string, { contexts }: Scope): Value {
  const value = contexts[name];
  if (value === undefined) throw new Error(`Unrecognized named-value: '${name}'`);
  return value;
}

/** Names know no case, and what is not there is null. A name asked of a filtered list is asked of its every entry. */
function property(of: Value, by: Value): Value {
  if (typeof of !== "object" || of === null) return null;
  if (isList(of)) {
    return typeof by === "string" ? of.map((entry) => property(entry, by)) : (of[Number(by)] ?? null);
  }
  const name = toText(by).toLowerCase();
  return Object.entries(of).find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isTrue(value: Value): boolean {
  return value !== null && value !== false && value !== 0 && value !== "" && !Number.isNaN(value);
}

function binaryValue(operator: string, { left, right }: Node & { kind: "binary" }, scope: Scope): Value {
  const first = run(left, scope);
  if (operator === "&&") return isTrue(first) ? run(right, scope) : first;
  if (operator === "||") return isTrue(first) ? first : run(right, scope);
  const second = run(right, scope);
  if (operator === "==") return isEqual(first, second);
  if (operator === "!=") return !isEqual(first, second);
  const [a, b] = [toNumber(first), toNumber(second)];
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

/** Texts are equal without regard to case; values of different types are compared as numbers. */
function isEqual(a: Value, b: Value): boolean {
  if (typeof a === "string" && typeof b === "string") return a.toLowerCase() === b.toLowerCase();
  if (typeof a === typeof b && (a === null) === (b === null)) return a === b;
  return toNumber(a) === toNumber(b);
}

function toNumber(value: Value): number {
  return typeof value === "object" && value !== null ? Number.NaN : Number(value ?? 0);
}

function call(name: string, args: readonly Node[], scope: Scope): Value {
  if (STATUS_FUNCTIONS.includes(name)) return status(name, scope);
  const values = args.map((arg) => run(arg, scope));
  const [first = null, second = null] = values;
  switch (name) {
    case "contains":
      if (typeof first === "object" && first !== null) {
        return Object.values(first).some((entry) => isEqual(entry, second));
      }
      return toText(first).toLowerCase().includes(toText(second).toLowerCase());
    case "startswith":
      return toText(first).toLowerCase().startsWith(toText(second).toLowerCase());
    case "endswith":
      return toText(first).toLowerCase().endsWith(toText(second).toLowerCase());
    case "format":
      return toText(first).replace(/\{(\d+)\}/g, (_, index: string) => toText(values[Number(index) + 1] ?? null));
    case "join":
      return isList(first) ? first.map(toText).join(second === null ? "," : toText(second)) : toText(first);
    case "tojson":
      return JSON.stringify(first, undefined, 2);
    case "fromjson": {
      const parsed: Value = JSON.parse(toText(first));
      return parsed;
    }
    default:
      throw new Error(`The sandbox plays no function ${name}()`);
  }
}

function status(name: string, { status: fares }: Scope): Value {
  if (fares === undefined) throw new Error(`${name}() may be called in an "if:" only`);
  if (name === "always") return true;
  // Nobody cancels a run of the sandbox.
  return name === "cancelled" ? false : name === "success" ? fares.success : fares.failure;
}
