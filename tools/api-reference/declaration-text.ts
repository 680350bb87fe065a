import { type Node, SyntaxKind } from 'typescript/unstable/ast';
import {
  isClassDeclaration,
  isConstructorDeclaration,
  isFunctionDeclaration,
  isGetAccessorDeclaration,
  isMethodDeclaration,
  isPrivateIdentifier,
  isPropertyDeclaration,
  isTypeAliasDeclaration,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { type Checker, NodeBuilderFlags } from 'typescript/unstable/sync';

/** Types in full, and literals as this code base writes them. */
const TYPE_FLAGS = NodeBuilderFlags.NoTruncation | NodeBuilderFlags.UseSingleQuotesForStringLiteralType;
/** A constant is shown with its value up to this length, else with its type. */
const VALUE_LENGTH_MAX = 60;
/** A type that comes to more than this is no help; the docstring says what it is. */
const TYPE_LENGTH_MAX = 300;

/** How a declaration is written, without its body. */
export function signatureOf(node: Node, checker: Checker): string {
  if (isClassDeclaration(node)) return classHead(node);
  if (isVariableDeclaration(node)) return constantText(node, checker);
  if (isTypeAliasDeclaration(node) && node.type.kind !== SyntaxKind.TypeLiteral)
    return aliasText(node, checker);
  if (isFunctionDeclaration(node) || isMethodDeclaration(node) || isConstructorDeclaration(node))
    return callText(node, checker);
  if (isGetAccessorDeclaration(node))
    return textUntil(node, node.body).replace(/^get (\w+)\(\)/, 'readonly $1');
  if (isPropertyDeclaration(node)) return textUntil(node, node.initializer).replace(/\s*=$/, '');
  return dedented(node);
}

/** Members that a user of a class or an interface has, in their order. */
export function publicMembersOf(node: Node): readonly Node[] {
  const { members = [] } = node as Node & { members?: readonly Node[] };
  return members.filter((member) => {
    const { name } = member as Node & { name?: Node };
    if (name !== undefined && isPrivateIdentifier(name)) return false;
    return !/^(private|protected)\b/.test(member.getText()) && !isOverloadBody(member, members);
  });
}

/** The body of an overloaded method is not one more way to call it. */
function isOverloadBody(member: Node, members: readonly Node[]): boolean {
  if (!isMethodDeclaration(member) || member.body === undefined) return false;
  const name = member.name.getText();
  return members.some((other) => isMethodDeclaration(other) && !other.body && other.name.getText() === name);
}

function classHead(node: Node): string {
  return node
    .getText()
    .split('{')[0]!
    .trim()
    .replace(/^export /, '');
}

function constantText(node: Parameters<typeof isVariableDeclaration>[0], checker: Checker): string {
  const { name, initializer } = node as Node & { name: Node; initializer?: Node };
  const value = initializer?.getText() ?? '';
  const type = checker.typeToString(checker.getTypeAtLocation(node)!, node, TYPE_FLAGS);
  if (/^['"\d]/.test(value) && value.length <= VALUE_LENGTH_MAX) return `const ${name.getText()} = ${value}`;
  return type.length <= TYPE_LENGTH_MAX ? `const ${name.getText()}: ${type}` : `const ${name.getText()}`;
}

/** What is taken from a table (`(typeof NAMES)[number]`) is shown as what it comes to. */
function aliasText(node: Node & { type: Node; name: Node }, checker: Checker): string {
  if (!/\btypeof\b/.test(node.type.getText())) return dedented(node);
  const type = checker.getTypeAtLocation(node.type)!;
  const text = checker.typeToString(type, undefined, TYPE_FLAGS | NodeBuilderFlags.InTypeAlias);
  return text.length <= TYPE_LENGTH_MAX ? `type ${node.name.getText()} = ${text}` : dedented(node);
}

function callText(node: Node & { body?: Node; type?: Node }, checker: Checker): string {
  const head = textUntil(node, node.body);
  if (node.type !== undefined || isConstructorDeclaration(node)) return head;
  const returns = checker.getReturnTypeOfSignature(checker.getSignatureFromDeclaration(node)!)!;
  return `${head}: ${checker.typeToString(returns, node, TYPE_FLAGS)}`;
}

function textUntil(node: Node, end: Node | undefined): string {
  const text = node.getSourceFile().text.slice(node.getStart(), end?.getStart() ?? node.end);
  return undent(text.trim().replace(/;$/, ''), node).replace(/^(export )?(async |override )?/, '');
}

function dedented(node: Node): string {
  return undent(node.getText().replace(/;$/, ''), node).replace(/^export /, '');
}

/** Takes the indentation of the line where a declaration begins from all its lines. */
function undent(text: string, node: Node): string {
  const before = node.getSourceFile().text.slice(0, node.getStart());
  const indent = /[ \t]*$/.exec(before)![0].length;
  return text.replaceAll(new RegExp(`\\n {1,${Math.max(indent, 1)}}`, 'g'), (found) =>
    indent === 0 ? found : '\n',
  );
}
