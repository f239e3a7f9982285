/** Whose record the id of an address is. A new address with an id must say it here. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/\/audit\/events/, 'event'],
  [/\/auth\/api-keys/, 'api-key'],
  [/\/auth\/sessions/, 'session'],
  [/\/auth\/terminals/, 'terminal'],
  [/\/(auth|base)\/users/, 'user'],
  [/\/base\/branches/, 'branch'],
  [/\/base\/registers/, 'register'],
  [/\/payments\/cash-sessions/, 'cash-session'],
  [/\/payments\/daily-cuts/, 'daily-cut'],
  [/\/payments\/entries/, 'entry'],
  [/\/payments\/payments/, 'payment'],
  [/\/payments\/prepaid-entries/, 'prepaid-entry'],
  [/\/operational-alerts\/alerts/, 'alert'],
  [/\/operational-alerts\/heartbeats/, 'heartbeat'],
  [/\/operational-alerts\/sources/, 'source'],
  [/\/operational-alerts\/subscriptions/, 'subscription'],
  [/\/security-csp\/apps/, 'csp-app'],
  [/\/security-csp\/groups/, 'csp-group'],
  [/\/security-csp\/policies/, 'csp-policy'],
  [/\/(payments|sales)\/customers/, 'customer'],
  [/\/sales\/erasures/, 'erasure'],
  [/\/sales\/orders/, 'order'],
  [/\/sales\/services/, 'service'],
  [/\/sii-connector\/documents/, 'tax-document'],
  [/\/sii-connector\/connectors/, 'connector'],
  [/\/sii-connector\/submissions/, 'submission'],
  [/\/sii-connector\/f29/, 'f29'],
  [/\/sii-connector\/figures/, 'figure'],
  [/\/treasury\/flows/, 'flow'],
  [/\/sii-connector\/imports/, 'tax-import'],
];

/** The kind of record that an address of the API names, or null. */
export function kindOfPath(path: string): string | null {
  return KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? null;
}

/** The field that refers to a record of a kind: `cashSessionId`. */
export function fieldOfKind(kind: string): string {
  return `${kind.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Id`;
}
