import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { House, kernel, kit, rcv } from '#test';
import type { Client } from '#test';

const SECRET = 'clave-que-nadie-debe-ver';

/** A return given to a partner, whatever fails on the way: exactly one submission. */
describe('a partner takes a return', () => {
  let house: House;
  let partner: kit.PartnerSimulator;
  let admin: Client;
  let worker: kernel.Worker;
  let connectorId: string;

  beforeAll(async () => {
    partner = await kit.PartnerSimulator.open();
    house = await House.open({
      ...{ SII_PARTNER_HOSTS: partner.host, SII_PARTNER_SECRETS: `otra=x,prueba=${SECRET}` },
      ...{ SII_PARTNER_TIMEOUT_MS: '300', SII_PARTNER_RATE: '60000/min' },
    });
    admin = await house.as('admin');
    worker = house.app.get(kernel.Worker);
    await worker.start(house.urls.application);
    await admin.post('sii-connector/figures', {
      ...{ kind: 'ppm', period: '202001', value: 0.125, source: 'Ley 21.755' },
    });
    const made = await admin.post('sii-connector/connectors', {
      ...{ name: 'Socio de prueba', kind: 'partner', baseUrl: `http://${partner.host}/` },
      ...{ secretRef: 'prueba', statuses: { recibida: 'accepted', presentada: 'filed' } },
    });
    expect([made.status, made.body.capabilities]).toEqual([201, ['submit', 'status', 'webhook']]);
    connectorId = String(made.body.id);
  });

  afterAll(async () => {
    await worker.stop();
    await partner.close();
  });

  /** An approved return of a month with one sale. */
  async function approved(period: string): Promise<string> {
    const day = `05/${period.slice(4)}/${period.slice(0, 4)}`;
    const dates = { 'Fecha Docto': day, 'Fecha Recepcion': day };
    const file = rcv.rcvOf(rcv.SALE_HEADER, [rcv.sale(Number(period), dates)]);
    const path = `/api/v1/sii-connector/imports?kind=rcv-venta&period=${period}`;
    await admin.raw('post', path, Buffer.from(file), { 'content-type': 'text/csv' });
    const id = String((await admin.post('sii-connector/f29', { period })).body.id);
    const { body } = await admin.post(`sii-connector/f29/${id}/compute`);
    const rules = (body.findings as { rule: string; severity: string }[])
      .filter(({ severity }) => severity === 'warning')
      .map(({ rule }) => ({ rule, reason: 'revisado' }));
    await admin.post(`sii-connector/f29/${id}/acknowledge`, { acknowledgements: rules });
    expect((await admin.post(`sii-connector/f29/${id}/validate`)).body.state).toBe('validated');
    return id;
  }

  interface Seen {
    readonly state: string;
    readonly attempts: number;
    readonly key: string;
    readonly detail: string | null;
  }

  /** Waits until the submission of a return is in a state, asking for news meanwhile. */
  async function until(returnId: string, state: string): Promise<Seen | undefined> {
    for (let tries = 0; ; tries += 1) {
      const { items } = (await admin.get(`sii-connector/submissions?returnId=${returnId}`))
        .body as {
        items: Seen[];
      };
      if (items[0]?.state === state || tries === 60) return items[0];
      if (tries % 10 === 9) await admin.post(`sii-connector/connectors/${connectorId}/sync`);
      await sleep(100);
    }
  }

  const send = (id: string): ReturnType<Client['post']> =>
    admin.post(`sii-connector/f29/${id}/send`, { connectorId });

  it('is filed with the folio that the partner brings back', async () => {
    const id = await approved('202604');
    expect((await send(id)).body.state).toBe('sent');
    expect((await send(id)).status).toBe(409);
    expect((await admin.post(`sii-connector/f29/${id}/compute`)).status).toBe(409);
    expect(await until(id, 'accepted')).toMatchObject({ state: 'accepted', attempts: 1 });
    const [given] = [...partner.taken.values()];
    expect(given?.body).toMatchObject({ period: '202604', revision: 1, codes: { '502': 1_900 } });
    partner.file('7000000001', '2026-05-20');
    const schedules = house.app.get(kernel.Schedules);
    await schedules.runOnce('sii-connector.ask-partners', new Date(Date.now() + 86_400_000));
    expect(await until(id, 'filed')).toMatchObject({ state: 'filed' });
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
    ['busy', '202505'],
    ['error', '202506'],
  ])('%s: is given once', async (fault, period) => {
    partner.taken.clear();
    partner.faults.push(fault);
    partner.posts = 0;
    const id = await approved(period);
    await send(id);
    expect(await until(id, 'accepted')).toMatchObject({ state: 'accepted' });
    expect(partner.taken.size).toBe(1);
    // What was taken in spite of the fault is found, and not given again.
    expect(partner.posts).toBe(fault.endsWith('acceptance') ? 1 : 2);
  });

  it('comes back when the partner refuses it, and is given anew under another key', async () => {
    partner.taken.clear();
    partner.faults.push('refusal');
    const id = await approved('202507');
    await send(id);
    expect(await until(id, 'rejected')).toMatchObject({ detail: 'RUT sin mandato' });
    expect((await admin.get(`sii-connector/f29/${id}`)).body.state).toBe('validated');
    await send(id);
    const again = await until(id, 'accepted');
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
      for (let tries = 0; seen.health === 'unknown' && tries < 100; tries += 1) {
        await sleep(50);
        seen = (await admin.get(`sii-connector/connectors/${id}`)).body;
      }
      expect(seen).toMatchObject({
        health: 'failing',
        healthDetail: expect.stringMatching(/HOSTS|address/),
      });
    }
  });

  it('leaves what a person does to the person: the manual connector gives nothing over', async () => {
    const manual = await admin.post('sii-connector/connectors', { name: 'A mano', kind: 'manual' });
    expect(manual.body.capabilities).toEqual(['export']);
    const id = await approved('202508');
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
    expect((await admin.post('sii-connector/connectors', words)).status).toBe(400);
  });
});
