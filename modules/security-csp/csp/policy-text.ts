import { leafOf, rulersOf } from './directives.js';

/** One directive: its name in lower case and its values as written (CSP Level 3, section 2.3). */
interface Directive {
  readonly name: string;
  readonly values: readonly string[];
}

/** A policy as data: its directives in order, each name once. */
export type Policy = readonly Directive[];

/** What a browser passes over in silence while it reads a policy. */
export interface ReadingFault {
  readonly kind: 'repeated' | 'not-ascii';
  /** The name, or the text that was passed over. */
  readonly text: string;
}

const ASCII_WHITESPACE = /[\t\n\f\r ]+/;

/**
 * Reads a serialized policy as a browser does (CSP Level 3, section 2.2.1): whatever cannot be a
 * directive is passed over, and of two with one name the first counts.
 *
 * @param text one policy; a header with commas holds several, see {@link readPolicies}
 */
export function readPolicy(text: string): { policy: Policy; faults: readonly ReadingFault[] } {
  const directives = new Map<string, Directive>();
  const faults: ReadingFault[] = [];
  for (const token of text.split(';')) {
    const [name = '', ...values] = token.split(ASCII_WHITESPACE).filter((word) => word !== '');
    if (name === '') continue;
    const known = name.toLowerCase();
    if (!isAscii(token)) faults.push({ kind: 'not-ascii', text: token.trim() });
    else if (directives.has(known)) faults.push({ kind: 'repeated', text: known });
    else directives.set(known, { name: known, values });
  }
  return { policy: [...directives.values()], faults };
}

/**
 * Reads the value of a `Content-Security-Policy` header: a comma begins another policy, and what is
 * loaded must be allowed by each (CSP Level 3, section 2.2.2). Policies without directives are left out.
 */
export function readPolicies(header: string): readonly Policy[] {
  return header
    .split(',')
    .map((text) => readPolicy(text).policy)
    .filter((policy) => policy.length > 0);
}

/** Writes a policy; {@link readPolicy} reads the same one back. */
export function printPolicy(policy: Policy): string {
  return policy.map(({ name, values }) => [name, ...values].join(' ')).join('; ');
}

/** The values of a directive, or undefined when the policy has none of that name. */
export function valuesOf(policy: Policy, name: string): readonly string[] | undefined {
  return policy.find((directive) => directive.name === name)?.values;
}

/** The policy with other values for one directive, in its place or at the end; none remove it. */
export function withDirective(
  policy: Policy,
  name: string,
  values: readonly string[] | undefined,
): Policy {
  const others = (directive: Directive): boolean => directive.name !== name;
  if (values === undefined) return policy.filter(others);
  if (policy.every(others)) return [...policy, { name, values }];
  return policy.map((directive) => (others(directive) ? directive : { name, values }));
}

/** The directive of the policy that rules this one, CSP Level 3, section 6.8.3. */
export function rulerOf(policy: Policy, directive: string): string | undefined {
  return rulersOf(leafOf(directive)).find((name) => valuesOf(policy, name) !== undefined);
}

/**
 * Adds to the directive that rules; where that is a fallback for others too, the directive itself
 * gets what it had from there and the source, so that nothing else is loosened.
 */
export function withSource(policy: Policy, directive: string, source: string): Policy {
  const ruler = rulerOf(policy, directive);
  if (ruler === undefined) return policy;
  const name = ruler === family(directive) || ruler === directive ? ruler : family(directive);
  const had = (valuesOf(policy, ruler) ?? []).filter((value) => value.toLowerCase() !== "'none'");
  if (had.includes(source)) return policy;
  return withDirective(policy, name, [...had, source]);
}

/** Browsers that do not know `script-src-elem` look at `script-src`; what they share stands there. */
function family(directive: string): string {
  return directive.replace(/^(script-src|style-src)-(elem|attr)$/, '$1');
}

function isAscii(text: string): boolean {
  return [...text].every((character) => (character.codePointAt(0) ?? 0) < 0x80);
}
