import type { PartnerDialect } from 'ofitec/sii-connector/kit';

const RETURN = /^\/v2\/declaraciones\/([^/]+)$/;

/** Acme, as the simulator of the kit plays it. */
export const acmeDialect: PartnerDialect = {
  understand({ method, path }) {
    if (path === '/v2/estado') return { act: 'probe' };
    const [, key] = RETURN.exec(path) ?? [];
    if (key === undefined) return null;
    return { act: method === 'PUT' ? 'submit' : 'find', key: decodeURIComponent(key) };
  },
  describe: ({ externalId, isFiled, folio, filedOn }) => ({
    tramite: { id: externalId, estado: isFiled ? 'PRESENTADO' : 'EN_COLA' },
    ...(isFiled
      ? { comprobante: { folio: Number(folio), fecha: `${filedOn}T12:00:00-03:00` } }
      : {}),
  }),
  refuse: (mensaje) => ({ error: { mensaje } }),
  announce: ({ externalId, isFiled }) => ({
    evento: isFiled ? 'tramite.presentado' : 'tramite.recibido',
    tramite: externalId,
  }),
};
