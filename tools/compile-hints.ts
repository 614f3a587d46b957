import { generate } from "@babel/generator";
import { parse } from "@babel/parser";
import * as ast from "@babel/types";

/** Where a function stands in a text: its first character, and the one after its last. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * Puts the functions that a run calls in parentheses. Of a function V8 first only looks for the end, and reads it once more
 * when it is called; what stands in parentheses it takes for a function that is called at once, and compiles it straight
 * away (https://v8.dev/blog/preparser#pife). Nothing else is changed.
 * @param code a script, made small
 * @param called the functions to be marked; what is no function of the script is passed over
 */
export function withCompileHints(code: string, called: readonly Place[]): string {
  const script = parse(code);
  const places = new Set(called.map(({ start, end }) => `${start}-${end}`));
  const isCalled = ({ start, end }: ast.Node) => places.has(`${start}-${end}`);
  const functions: ast.Function[] = [];
  ast.traverseFast(script, (node) => {
    if (ast.isFunction(node)) functions.push(node);
  });
  // From the innermost on, since what is around a function moves with it.
  for (const one of functions.reverse()) {
    if (ast.isBlockStatement(one.body)) markDeclarations(one.body, isCalled);
    if (isCalled(one) && (ast.isArrowFunctionExpression(one) || ast.isFunctionExpression(one))) {
      Object.assign(one, ast.parenthesizedExpression({ ...one }));
    }
  }
  return generate(script, { minified: true, comments: false }).code;
}

/** A declaration takes no parentheses, so it becomes a variable, where what is declared comes to be: before all else. */
function markDeclarations(block: ast.BlockStatement, isCalled: (node: ast.Node) => boolean): void {
  const variables: ast.VariableDeclarator[] = [];
  const others: ast.Statement[] = [];
  for (const statement of block.body) {
    if (!ast.isFunctionDeclaration(statement) || !isCalled(statement) || !statement.id) {
      others.push(statement);
      continue;
    }
    const { id, params, body, generator, async } = statement;
    const expression = ast.functionExpression(null, params, body, generator, async);
    variables.push(ast.variableDeclarator(id, ast.parenthesizedExpression(expression)));
  }
  if (variables.length > 0) block.body = [ast.variableDeclaration("var", variables), ...others];
}
