import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { acmeDialect, bootstrap, House, kernel, kit, makeDatabase, PartnerLab } from '#test';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;

/** An integrator's own way to the SII: installed, chosen over REST, and given a return. */
describe('an outside addon with a connector', () => {
  let lab: PartnerLab;
  let partner: kit.PartnerSimulator;

  beforeAll(async () => {
    partner = await kit.PartnerSimulator.open({ dialect: acmeDialect });
    const env = {
      OFITEC_ADDONS: resolve('dist/test/support/acme-sii/index.js'),
      ACME_SII_HOSTS: partner.host,
      ...{ SII_PARTNER_SECRETS: 'acme=clave-acme', SII_PARTNER_RATE: '60000/min' },
      SII_PARTNER_WEBHOOK_SECRETS: `acme=${SECRET}`,
    };
    const database = `acme_${randomBytes(6).toString('hex')}`;
    const urls = await makeDatabase(database, 'demo');
    const quiet = { NODE_ENV: 'test', LOG_LEVEL: 'error', ...env };
    const { available } = await bootstrap.readBlueprint(quiet);
    const addon = available.find(({ name }) => name === 'acme-sii');
    if (!addon) throw new Error('OFITEC_ADDONS brought no addon');
    const { Installation, kernelAddon } = kernel;
    await Installation.asOwner(
      { ownerUrl: urls.owner, kernel: kernelAddon, report: () => {} },
      (desk) => desk.install([addon]),
    );
    lab = await PartnerLab.over(await House.over(database, urls, env), partner, {
      ...{ kind: 'acme', secretRef: 'acme', webhookSecretRef: 'acme' },
    });
    partner.webhooks = { url: lab.webhookUrl(), secret: SECRET };
  });

  afterAll(() => lab.close());

  it('says what it can do', async () => {
    const { body } = await lab.admin.get(`sii-connector/connectors/${lab.connectorId}`);
    expect(body).toMatchObject({ kind: 'acme', capabilities: ['submit', 'status', 'webhook'] });
  });

  it.each<[kit.PartnerFault, string]>([
    ['none', '202504'],
    ['silent-after-acceptance', '202505'],
    ['webhook-before-answer', '202506'],
    ['busy', '202507'],
  ])(
    '%s: gives a return once, and files it with the folio that comes back',
    async (fault, period) => {
      partner.taken.clear();
      partner.faults.push(fault);
      const id = await lab.approved(period);
      await lab.send(id);
      expect((await lab.until(id, 'accepted'))?.state).toBe('accepted');
      expect(partner.taken.size).toBe(1);
      const [taken] = partner.taken.values();
      expect(taken?.body).toMatchObject({
        formulario: 29,
        periodo: `${period.slice(0, 4)}-${period.slice(4)}`,
        rectifica: false,
        valores: expect.arrayContaining([{ codigo: '502', valor: 1_900 }]),
      });
      partner.file(`8${period}001`, '2026-05-20');
      // A webhook tells of it: nobody asks.
      expect((await lab.until(id, 'filed', false))?.state).toBe('filed');
      const { body } = await lab.admin.get(`sii-connector/f29/${id}`);
      expect(body).toMatchObject({ folio: `8${period}001`, filedOn: '2026-05-20' });
    },
  );
});
