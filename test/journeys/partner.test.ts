import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel, kit, PartnerLab, until } from '#test';
import type { Client } from '#test';

const SECRET = 'clave-que-nadie-debe-ver';

/** A return given to a partner, whatever fails on the way: exactly one submission. */
describe('a partner takes a return', () => {
  let lab: PartnerLab;
  let house: House;
  let partner: kit.PartnerSimulator;
  let admin: Client;
  let connectorId: string;

  beforeAll(async () => {
    partner = await kit.PartnerSimulator.open();
    house = await House.open({
      ...{ SII_PARTNER_HOSTS: partner.host, SII_PARTNER_SECRETS: `otra=x,prueba=${SECRET}` },
      ...{ SII_PARTNER_TIMEOUT_MS: '1000', SII_PARTNER_RATE: '60000/min' },
    });
    const statuses = { recibida: 'accepted', presentada: 'filed' };
    lab = await PartnerLab.over(house, partner, { kind: 'partner', secretRef: 'prueba', statuses });
    ({ admin, connectorId } = lab);
    const { body } = await admin.get(`sii-connector/connectors/${connectorId}`);
    expect(body.capabilities).toEqual(['submit', 'status', 'webhook']);
  });

  afterAll(() => lab.close());

  it('is filed with the folio that the partner brings back', async () => {
    const id = await lab.approved('202604');
    expect((await lab.send(id)).body.state).toBe('sent');
    expect((await lab.send(id)).status).toBe(409);
    expect((await admin.post(`sii-connector/f29/${id}/compute`)).status).toBe(409);
    expect(await lab.until(id, 'accepted')).toMatchObject({ state: 'accepted', attempts: 1 });
    const [given] = [...partner.taken.values()];
    expect(given?.body).toMatchObject({ period: '202604', revision: 1, codes: { '502': 1_900 } });
    partner.file('7000000001', '2026-05-20');
    const schedules = house.app.get(kernel.Schedules);
    await schedules.runOnce('sii-connector.ask-partners', new Date(Date.now() + 86_400_000));
    expect(await lab.until(id, 'filed')).toMatchObject({ state: 'filed' });
    const filed = await admin.get(`sii-connector/f29/${id}`);
    expect(filed.body).toMatchObject({
      state: 'filed',
      folio: '7000000001',
      filedOn: '2026-05-20',
    });
    expect((await admin.get(`sii-connector/connectors/${connectorId}`)).body.health).toBe('well');
  });

  it.each<[kit.PartnerFault, string]>([
    ['silent-after-acceptance', '202501'],
    ['error-after-acceptance', '202502'],
    ['hang-up-after-acceptance', '202503'],
    ['nonsense-after-acceptance', '202504'],
    ['slow', '202412'],
    ['busy', '202505'],
    ['error', '202506'],
  ])('%s: is given once', async (fault, period) => {
    partner.taken.clear();
    partner.faults.push(fault);
    partner.posts = 0;
    const id = await lab.approved(period);
    await lab.send(id);
    expect(await lab.until(id, 'accepted')).toMatchObject({ state: 'accepted' });
    expect(partner.taken.size).toBe(1);
    // What was taken in spite of the fault is found, and not given again.
    expect(partner.posts).toBe(['busy', 'error'].includes(fault) ? 2 : 1);
  });

  it('comes back when the partner refuses it, and is given anew under another key', async () => {
    partner.taken.clear();
    partner.faults.push('refusal');
    const id = await lab.approved('202507');
    await lab.send(id);
    expect(await lab.until(id, 'rejected')).toMatchObject({ detail: 'RUT sin mandato' });
    expect((await admin.get(`sii-connector/f29/${id}`)).body.state).toBe('validated');
    await lab.send(id);
    const again = await lab.until(id, 'accepted');
    expect(again?.key).toMatch(/-202507-1-[0-9a-f]{16}-2$/);
  });

  it('keeps the secret to itself', async () => {
    expect(new Set(partner.secrets)).toEqual(new Set([`Bearer ${SECRET}`]));
    const tables = ['sii_connector_connector', 'sii_connector_submission', 'kernel_event'];
    for (const table of tables) {
      const rows = await house.rows('owner', `SELECT row_to_json(t)::text AS row FROM ${table} t`);
      expect(JSON.stringify(rows)).not.toContain(SECRET);
    }
  });

  it('calls no host that the operator did not name', async () => {
    const away = { kind: 'partner', secretRef: 'prueba' };
    const hosts = ['http://127.0.0.1:1', 'https://example.com', 'http://169.254.169.254', 'nada'];
    for (const [index, baseUrl] of hosts.entries()) {
      const made = await admin.post('sii-connector/connectors', {
        name: `n${index}`,
        baseUrl,
        ...away,
      });
      const id = String(made.body.id);
      await admin.post(`sii-connector/connectors/${id}/sync`);
      let seen = made.body;
      await until('the connector was tried', async () => {
        seen = (await admin.get(`sii-connector/connectors/${id}`)).body;
        return seen.health !== 'unknown';
      });
      expect(seen).toMatchObject({
        health: 'failing',
        healthDetail: expect.stringMatching(/HOSTS|address/),
      });
    }
  });

  it('leaves what a person does to the person: the manual connector gives nothing over', async () => {
    const manual = await admin.post('sii-connector/connectors', { name: 'A mano', kind: 'manual' });
    expect(manual.body.capabilities).toEqual(['export']);
    const id = await lab.approved('202508');
    const refused = await admin.post(`sii-connector/f29/${id}/send`, {
      connectorId: manual.body.id,
    });
    expect([refused.status, refused.body.code]).toEqual([422, 'sii-connector.connector-cannot']);
    expect((await admin.get(`sii-connector/f29/${id}`)).body.state).toBe('validated');
    const odd = await admin.post('sii-connector/connectors', { name: 'Raro', kind: 'fax' });
    expect([odd.status, odd.body.code]).toEqual([422, 'sii-connector.unknown-connector-kind']);
    const twice = await admin.post('sii-connector/connectors', { name: 'A mano', kind: 'manual' });
    expect(twice.status).toBe(409);
    const words = { name: 'Palabras', kind: 'partner', statuses: { ok: 'fine' } };
    const wordy = await admin.post('sii-connector/connectors', words);
    expect([wordy.status, wordy.body.code]).toEqual([
      422,
      'sii-connector.connector-settings-refused',
    ]);
  });
});
