import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { Findings } from '../import/import.findings.js';

/** The SII takes no larger envelope; a tree of it takes some ten times as much memory. */
export const MAX_XML_BYTES = 20_000_000;
const MAX_DEPTH = 24;
export const MAX_DTES = 5_000;

/** An element of a document: text, or further elements by name. */
export type Element = { readonly [name: string]: Element | Element[] | string | undefined };

const parser = new XMLParser({
  processEntities: false,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  removeNSPrefix: true,
  trimValues: true,
  maxNestedTags: MAX_DEPTH,
});

/**
 * The text of an XML file, in the encoding that it declares (XML 1.0 §4.3.3); the SII's files are
 * ISO-8859-1.
 *
 * @returns null, and says why, for one that cannot be read or that could do harm
 */
export function textOfXml(content: Buffer, findings: Findings): string | null {
  const whole = { row: 0 };
  if (content.length > MAX_XML_BYTES) {
    findings.error('xml-limit', whole, { limit: MAX_XML_BYTES, what: 'bytes' });
    return null;
  }
  const head = content.subarray(0, 200).toString('latin1');
  const declared = /^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\bencoding=["']([\w.-]+)["']/i.exec(head)?.[1];
  const label = (declared ?? 'utf-8').toLowerCase();
  const known = /^(iso-8859-1|windows-1252|latin1|us-ascii|utf-?8)$/.test(label);
  if (!known) {
    findings.error('encoding', whole);
    return null;
  }
  const text = decode(content, label.startsWith('utf') ? 'utf-8' : 'windows-1252');
  if (text === null) {
    findings.error('encoding', whole);
    return null;
  }
  // A document type is where entities, billions of them and outside ones, come from.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) {
    findings.error('xml-doctype', whole);
    return null;
  }
  const deepest = depthOf(text);
  if (deepest > MAX_DEPTH) {
    findings.error('xml-limit', whole, { limit: MAX_DEPTH, what: 'levels' });
    return null;
  }
  return text;
}

/** The tree of an XML text. @returns null, and says where, when it is not well-formed */
export function parseXml(text: string, findings: Findings): Element | null {
  const valid = XMLValidator.validate(text);
  if (valid !== true) {
    findings.error('xml', { row: valid.err.line }, { why: valid.err.msg });
    return null;
  }
  try {
    return parser.parse(text) as Element;
  } catch (error) {
    findings.error('xml', { row: 0 }, { why: error instanceof Error ? error.message : '' });
    return null;
  }
}

function decode(content: Buffer, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(content);
  } catch {
    return null;
  }
}

/** How deep elements stand in each other, without building anything; too much is found early. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) {
    const next = text.charCodeAt(at + 1);
    if (next === SLASH) depth -= 1;
    else if (next !== BANG && next !== QUESTION && !closesItself(text, at)) depth += 1;
    if (depth > deepest) deepest = depth;
    if (deepest > MAX_DEPTH) return deepest;
  }
  return deepest;
}

/** Looking further for the end of each tag would take quadratic time. */
const MAX_TAG = 4_096;
const [SLASH, BANG, QUESTION] = [0x2f, 0x21, 0x3f];

function closesItself(text: string, at: number): boolean {
  const tag = text.slice(at, at + MAX_TAG);
  const end = tag.indexOf('>');
  return end > 0 && tag.charCodeAt(end - 1) === SLASH;
}

/** The only entities that a text without a document type can have (XML 1.0 §4.6), and characters. */
function plainText(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(lt|gt|amp|quot|apos));/gi,
    (...found) => {
      const [whole, decimal, hex, name] = found as (string | undefined)[];
      if (name) return NAMED[name.toLowerCase()] ?? '';
      const point = decimal ? Number(decimal) : Number.parseInt(hex ?? '', 16);
      const isCharacter =
        point > 0x1f && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
      return isCharacter ? String.fromCodePoint(point) : (whole ?? '').replaceAll('&', ' ');
    },
  );
}

const NAMED: Readonly<Record<string, string>> = {
  ...{ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" },
};

/** All elements of a name, in their order. */
export function childrenOf(element: Element | undefined, name: string): (Element | string)[] {
  const found = element?.[name];
  if (found === undefined) return [];
  return Array.isArray(found) ? found : [found];
}

/** The first element of a path that has further elements. */
export function child(element: Element | undefined, ...path: string[]): Element | undefined {
  let at = element;
  for (const name of path) {
    const [first] = childrenOf(at, name);
    if (typeof first !== 'object') return undefined;
    at = first;
  }
  return at;
}

/** The text of the first element of a name; empty when it is not there. */
export function textAt(element: Element | undefined, name: string): string {
  const [first] = childrenOf(element, name);
  return typeof first === 'string' ? plainText(first).trim() : '';
}
