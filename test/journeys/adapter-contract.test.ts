import { describe, it } from '@jest/globals';
import { AcmeAdapter, acmeDialect, kit, ManualAdapter, PartnerAdapter } from '#test';
import type { kernel } from '#test';

const SECRET = 'secreto-de-prueba';
const WORDS = { recibida: 'accepted', presentada: 'filed' };

/** A configuration as the house would have read it. */
function configOf(values: Readonly<Record<string, unknown>>): kernel.Config {
  return { of: () => values } as unknown as kernel.Config;
}

type Make = (hosts: readonly string[]) => kit.AdapterWorld['adapter'];

/** A way to the SII over a partner that speaks a dialect. */
async function worldOf(
  make: Make,
  dialect: kit.PartnerDialect,
  mapping = {},
): Promise<kit.AdapterWorld> {
  const partner = await kit.PartnerSimulator.open({ dialect });
  const gone = await kit.PartnerSimulator.open();
  const away = gone.host;
  await gone.close();
  const target = { baseUrl: `http://${partner.host}`, secret: SECRET, statuses: WORDS, mapping };
  return {
    adapter: make([partner.host, away]),
    target,
    nowhere: { ...target, baseUrl: `http://${away}` },
    otherEnd: {
      taken: () => partner.taken.size,
      fail: (fault) => partner.faults.push(fault),
      file: (folio, filedOn) => partner.file(folio, filedOn),
      webhook: () => {
        const [last] = [...partner.taken.values()].slice(-1);
        return last ? dialect.announce(last) : null;
      },
    },
    close: () => partner.close(),
  };
}

const partner: Make = (hosts) =>
  new PartnerAdapter(configOf({ SII_PARTNER_HOSTS: hosts, SII_PARTNER_TIMEOUT_MS: 500 }));
const acme: Make = (hosts) => new AcmeAdapter(configOf({ ACME_SII_HOSTS: hosts }));

/** A partner whose JSON is nothing like ours: the mapping says where it says what. */
const elsewhere: kit.PartnerDialect = {
  ...kit.houseDialect,
  describe: ({ externalId, isFiled, folio, filedOn }) => ({
    resultado: { tramite: externalId, situacion: { palabra: isFiled ? 'presentada' : 'recibida' } },
    ...(isFiled
      ? { sii: [{ folio: Number(folio), fecha: filedOn?.split('-').reverse().join('/') }] }
      : {}),
  }),
  refuse: (mensaje) => ({ errores: [{ mensaje }] }),
  announce: ({ externalId }) => ({ objeto: { id: externalId } }),
};
const mapping = {
  answer: {
    ...{ externalId: '/resultado/tramite', status: '/resultado/situacion/palabra' },
    ...{ folio: '/sii/0/folio', filedOn: '/sii/0/fecha', detail: '/errores/0/mensaje' },
  },
  webhook: { externalId: '/objeto/id' },
};

describe('the partner adapter', () => {
  kit.siiAdapterContract({ describe, it }, () => worldOf(partner, kit.houseDialect));
});

describe('the partner adapter with a mapping', () => {
  kit.siiAdapterContract({ describe, it }, () => worldOf(partner, elsewhere, mapping));
});

describe('the manual adapter', () => {
  kit.siiAdapterContract({ describe, it }, async () => {
    const target = { baseUrl: null, secret: null, statuses: {}, mapping: {} };
    const close = (): Promise<void> => Promise.resolve();
    const adapter = new ManualAdapter();
    return Promise.resolve({ adapter, target, nowhere: target, otherEnd: null, close });
  });
});

describe('the example of an outside addon', () => {
  kit.siiAdapterContract({ describe, it }, () => worldOf(acme, acmeDialect));
});
