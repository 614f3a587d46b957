import { generate } from "@babel/generator";
import { parse } from "@babel/parser";
import * as ast from "@babel/types";

/** Where a function stands in a text: its first character, and the one after its last. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** In characters: for less, the longer way to write it is not worth its bytes. */
const LONG = 200;

/**
 * Writes functions so that V8 reads each of them once. Of a function it first only looks for the end, and reads it again when
 * it is called; what stands in parentheses it takes for a function that is called at once, and compiles it straight away
 * (https://v8.dev/blog/preparser#pife). An arrow function it always reads in full: so what a run calls becomes one where it
 * can, which is shorter, and what it does not call is none where it is long. Nothing else is changed.
 * @param code a script, made small
 * @param called the functions that a run calls
 */
export function forV8(code: string, called: readonly Place[]): string {
  const script = parse(code);
  const places = new Set(called.map(({ start, end }) => `${start}-${end}`));
  const isCalled = ({ start, end }: ast.Node) => places.has(`${start}-${end}`);
  const functions: ast.Function[] = [];
  ast.traverseFast(script, (node) => {
    if (ast.isFunction(node)) functions.push(node);
  });
  // From the innermost on, since what is around a function moves with it.
  for (const one of functions.reverse()) {
    if (ast.isBlockStatement(one.body)) arrangeDeclarations(one.body, isCalled);
    if (isCalled(one)) {
      if (ast.isArrowFunctionExpression(one) || ast.isFunctionExpression(one)) become(one, ast.parenthesizedExpression);
    } else if (ast.isArrowFunctionExpression(one) && code.slice(one.start ?? 0, one.end ?? 0).length >= LONG) {
      if (!isBound(one)) become(one, functionOf);
    }
  }
  return generate(script, { minified: true, comments: false }).code;
}

/** Puts in the place of a node what is made of it. */
function become<Node extends ast.Node>(node: Node, make: (node: Node) => ast.Node): void {
  Object.assign(node, make({ ...node }));
}

/** A declaration takes no parentheses, so it becomes a variable, where what is declared comes to be: before all else. */
function arrangeDeclarations(block: ast.BlockStatement, isCalled: (node: ast.Node) => boolean): void {
  const variables: ast.VariableDeclarator[] = [];
  const others: ast.Statement[] = [];
  for (const statement of block.body) {
    if (ast.isFunctionDeclaration(statement) && isCalled(statement) && statement.id) {
      const expression = isBound(statement) ? functionOf(statement) : arrowOf(statement);
      variables.push(ast.variableDeclarator(statement.id, ast.parenthesizedExpression(expression)));
    } else others.push(statement);
  }
  if (variables.length > 0) block.body = [ast.variableDeclaration("var", variables), ...others];
}

/** Whether it is one thing as a function and another as an arrow function. One that `new` may make something of has a `this`. */
function isBound(one: ast.ArrowFunctionExpression | ast.FunctionDeclaration): boolean {
  let isFound = one.generator === true;
  ast.traverseFast(one, (node) => {
    isFound ||= ast.isThisExpression(node) || ast.isSuper(node) || ast.isMetaProperty(node);
    isFound ||= ast.isIdentifier(node, { name: "arguments" });
  });
  return isFound;
}

function functionOf({ params, body, generator, async }: ast.ArrowFunctionExpression | ast.FunctionDeclaration) {
  const block = ast.isBlockStatement(body) ? body : ast.blockStatement([ast.returnStatement(body)]);
  return ast.functionExpression(null, params, block, generator, async);
}

function arrowOf({ params, body, async }: ast.FunctionDeclaration) {
  const [only, ...more] = body.body;
  const value = more.length === 0 && ast.isReturnStatement(only) ? only.argument : undefined;
  return ast.arrowFunctionExpression(params, value ?? body, async);
}
