/** A submission at the other end. */
export interface TakenReturn {
  readonly key: string;
  readonly externalId: string;
  /** The body as it was given. */
  readonly body: unknown;
  isFiled: boolean;
  /** Of a filed one. */
  folio?: string;
  /** `YYYY-MM-DD`, of a filed one. */
  filedOn?: string;
}

/** A request as a dialect sees it. */
export interface PartnerRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed; undefined when there was none, or it is no JSON. */
  readonly body: unknown;
}

/** What a request asks for. */
export type PartnerAct =
  | { readonly act: 'probe' }
  | { readonly act: 'find'; readonly key: string }
  | { readonly act: 'submit'; readonly key: string };

/** How a partner speaks: which request asks for what, and what its answers look like. */
export interface PartnerDialect {
  /** What is asked for; null when the partner has no such address. */
  understand(request: PartnerRequest): PartnerAct | null;
  /** What it says of a submission that it has. */
  describe(taken: TakenReturn): unknown;
  /** What it says where it refuses or does not know. */
  refuse(detail: string): unknown;
  /** The body of a webhook about a submission. */
  announce(taken: TakenReturn): unknown;
}

/** The partner of the house, `kind: partner`, with two words of its own for what became of a return. */
export const houseDialect: PartnerDialect = {
  understand({ method, path, query, headers }) {
    if (path === '/health') return { act: 'probe' };
    if (path !== '/f29') return null;
    if (method === 'GET') return { act: 'find', key: query.get('key') ?? '' };
    return { act: 'submit', key: headers['idempotency-key'] ?? '' };
  },
  describe: ({ externalId, isFiled, folio, filedOn }) => ({
    ...{ externalId, status: isFiled ? 'presentada' : 'recibida' },
    ...(isFiled ? { folio, filedOn } : {}),
  }),
  refuse: (detail) => ({ detail }),
  announce: ({ key, externalId, isFiled }) => ({
    type: isFiled ? 'f29.filed' : 'f29.accepted',
    timestamp: new Date().toISOString(),
    data: { key, externalId },
  }),
};
