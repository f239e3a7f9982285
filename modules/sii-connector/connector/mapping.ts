import type { FieldFault } from '#kernel';
import type { AdapterReturn } from './adapter-return.js';
import { followPointer, isPointer, placeAt } from './json-pointer.js';
import { normalizeCode } from '../tables/form.js';

/** What a request says of a return, and where it stands unless a mapping says otherwise. */
const REQUEST = { rut: '/rut', period: '/period', revision: '/revision', codes: '/codes' } as const;

/** What an answer says, and where. */
const ANSWER = {
  externalId: '/externalId',
  status: '/status',
  folio: '/folio',
  filedOn: '/filedOn',
  detail: '/detail',
} as const;

/** What a webhook says of the submission that it is about, and where. */
const WEBHOOK = { key: '/data/key', externalId: '/data/externalId' } as const;

type RequestPart = keyof typeof REQUEST;
export type AnswerPart = keyof typeof ANSWER;
export type WebhookPart = keyof typeof WEBHOOK;

/**
 * Where a partner's JSON says what (JSON pointers, RFC 6901) and what it calls the form's codes.
 * What is left out stands where the partner of the house has it.
 */
export interface PartnerMapping {
  /** Of the request's body; null leaves a part out, which the codes and the period never are. */
  readonly request?: Readonly<Partial<Record<RequestPart, string | null>>>;
  /** The partner's names of codes, by code; a code without one keeps its number. */
  readonly codes?: Readonly<Record<string, string>>;
  /** Codes as a list of objects with these two members, instead of one object by code. */
  readonly codesAsList?: { readonly code: string; readonly value: string };
  /** What is the same in every request, by pointer: `{"/form": "F29"}`. */
  readonly constants?: Readonly<Record<string, string | number | boolean>>;
  readonly answer?: Readonly<Partial<Record<AnswerPart, string>>>;
  readonly webhook?: Readonly<Partial<Record<WebhookPart, string>>>;
}

const MEMBERS = ['request', 'codes', 'codesAsList', 'constants', 'answer', 'webhook'] as const;
const NAME = /^[\p{L}\p{N}_ .-]{1,60}$/u;
const MAX_CODES = 500;
const MAX_CONSTANTS = 20;

/** The body in which a return is given to the partner. */
export function requestBody(mapping: PartnerMapping, given: AdapterReturn): object {
  const body = {};
  const { request = {}, constants = {} } = mapping;
  for (const [pointer, value] of Object.entries(constants)) placeAt(body, pointer, value);
  for (const [part, fallback] of Object.entries(REQUEST) as [RequestPart, string][]) {
    const pointer = request[part] === undefined ? fallback : request[part];
    if (pointer === null) continue;
    placeAt(body, pointer, part === 'codes' ? codesOf(mapping, given.codes) : given[part]);
  }
  return body;
}

/** What stands at a part of an answer; undefined where there is nothing. */
export function answerPart(
  { answer = {} }: PartnerMapping,
  body: unknown,
  part: AnswerPart,
): unknown {
  return followPointer(body, answer[part] ?? ANSWER[part]);
}

/** What stands at a part of a webhook; undefined where there is nothing. */
export function webhookPart(
  { webhook = {} }: PartnerMapping,
  body: unknown,
  part: WebhookPart,
): unknown {
  return followPointer(body, webhook[part] ?? WEBHOOK[part]);
}

function codesOf(
  { codes = {}, codesAsList }: PartnerMapping,
  given: AdapterReturn['codes'],
): object {
  const named = Object.entries(given).map(([code, value]) => [codes[code] ?? code, value] as const);
  if (!codesAsList) return Object.fromEntries(named);
  const { code, value } = codesAsList;
  return named.map(([name, each]) => ({ [code]: name, [value]: each }));
}

/**
 * Reads a mapping that somebody wrote.
 *
 * @returns what is wrong with it: nothing, where it can be used
 */
export function mappingFaults(input: unknown): FieldFault[] {
  const faults: FieldFault[] = [];
  const fault = (field: string, es: string, en: string): void => {
    faults.push({ field: `mapping.${field.slice(0, 80)}`, es, en });
  };
  if (!isObject(input)) {
    return [{ field: 'mapping', es: 'debe ser un objeto', en: 'must be an object' }];
  }
  for (const name of Object.keys(input)) {
    if (MEMBERS.includes(name as (typeof MEMBERS)[number])) continue;
    fault(
      name,
      `no se conoce; hay ${MEMBERS.join(', ')}`,
      `is not known; there are ${MEMBERS.join(', ')}`,
    );
  }
  pointersOf(input['request'], 'request', REQUEST, fault);
  pointersOf(input['answer'], 'answer', ANSWER, fault);
  pointersOf(input['webhook'], 'webhook', WEBHOOK, fault);
  namesOf(input['codes'], fault);
  listOf(input['codesAsList'], fault);
  constantsOf(input['constants'], fault);
  if (faults.length === 0) placesOf(input, fault);
  return faults.slice(0, 50);
}

type Fault = (field: string, es: string, en: string) => void;

function pointersOf(
  given: unknown,
  member: 'request' | 'answer' | 'webhook',
  known: Readonly<Record<string, string>>,
  fault: Fault,
): void {
  if (given === undefined) return;
  if (!isObject(given)) return fault(member, 'debe ser un objeto', 'must be an object');
  for (const [part, pointer] of Object.entries(given)) {
    const names = Object.keys(known).join(', ');
    const mayLack = member === 'request' && (part === 'rut' || part === 'revision');
    if (!Object.hasOwn(known, part)) {
      fault(`${member}.${part}`, `no se conoce; hay ${names}`, `is not known; there are ${names}`);
    } else if (!isPointer(pointer) && !(pointer === null && mayLack)) {
      fault(`${member}.${part}`, 'no es un puntero JSON (/a/b)', 'is no JSON pointer (/a/b)');
    }
  }
}

function namesOf(given: unknown, fault: Fault): void {
  if (given === undefined) return;
  if (!isObject(given) || Object.keys(given).length > MAX_CODES) {
    return fault('codes', 'debe ser un objeto por código', 'must be an object by code');
  }
  const seen = new Set<unknown>();
  for (const [code, name] of Object.entries(given)) {
    const at = `codes.${code}`;
    if (normalizeCode(code) !== code) {
      fault(at, 'no es un código sin ceros a la izquierda', 'is no code without leading zeros');
    } else if (!isName(name)) fault(at, 'no es un nombre corto', 'is no short name');
    else if (seen.has(name))
      fault(at, 'otro código tiene ese nombre', 'another code has that name');
    seen.add(name);
  }
  for (const name of seen) {
    // A code that keeps its number would stand where another one's name is.
    if (typeof name === 'string' && normalizeCode(name) !== null && !Object.hasOwn(given, name)) {
      fault('codes', `«${name}» es el número de otro código`, `"${name}" is another code's number`);
    }
  }
}

function listOf(given: unknown, fault: Fault): void {
  if (given === undefined) return;
  const isFit =
    isObject(given) &&
    Object.keys(given).length === 2 &&
    isName(given['code']) &&
    isName(given['value']) &&
    given['code'] !== given['value'];
  if (!isFit) {
    fault('codesAsList', 'lleva dos nombres: code y value', 'takes two names: code and value');
  }
}

function constantsOf(given: unknown, fault: Fault): void {
  if (given === undefined) return;
  if (!isObject(given) || Object.keys(given).length > MAX_CONSTANTS) {
    return fault('constants', 'debe ser un objeto por puntero', 'must be an object by pointer');
  }
  for (const [pointer, value] of Object.entries(given)) {
    const at = `constants.${pointer}`;
    const isShort = typeof value === 'string' && value.length <= 200;
    const isScalar = isShort || typeof value === 'boolean' || Number.isSafeInteger(value);
    if (!isPointer(pointer)) fault(at, 'no es un puntero JSON (/a/b)', 'is no JSON pointer (/a/b)');
    else if (!isScalar) fault(at, 'no es un valor simple', 'is no plain value');
  }
}

/** Two parts in one place, or one inside the other, would overwrite each other. */
function placesOf({ request = {}, constants = {} }: PartnerMapping, fault: Fault): void {
  const places = [
    ...Object.entries({ ...REQUEST, ...request }).map(([part, at]) => [`request.${part}`, at]),
    ...Object.keys(constants).map((at) => [`constants.${at}`, at]),
  ].filter((each): each is [string, string] => typeof each[1] === 'string');
  for (const [index, [field, at]] of places.entries()) {
    const other = places
      .slice(0, index)
      .find(([, there]) => `${at}/`.startsWith(`${there}/`) || `${there}/`.startsWith(`${at}/`));
    if (other) fault(field, `choca con ${other[0]}`, `collides with ${other[0]}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value) && value !== '__proto__';
}
