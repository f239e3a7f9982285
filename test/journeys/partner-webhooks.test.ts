import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { House, kernel, kit, PartnerLab, until } from '#test';

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;
const [FIRST, NEXT, OTHER] = [newSecret(), newSecret(), newSecret()] as const;

/** A partner says by webhook that there is news; what they are is read from it. Nobody polls here. */
describe('webhooks of a partner', () => {
  let lab: PartnerLab;
  let house: House;
  let partner: kit.PartnerSimulator;

  beforeAll(async () => {
    partner = await kit.PartnerSimulator.open({ slowMs: 1_500 });
    house = await House.open({
      ...{ SII_PARTNER_HOSTS: partner.host, SII_PARTNER_SECRETS: 'prueba=clave' },
      ...{ SII_PARTNER_TIMEOUT_MS: '5000', SII_PARTNER_RATE: '60000/min' },
      SII_PARTNER_WEBHOOK_SECRETS: `avisos=${FIRST},otro=${OTHER},avisos=${NEXT},corto=whsec_YQ==`,
    });
    lab = await PartnerLab.over(house, partner, {
      ...{ kind: 'partner', secretRef: 'prueba', webhookSecretRef: 'avisos' },
      statuses: { recibida: 'accepted', presentada: 'filed' },
    });
    partner.webhooks = { url: lab.webhookUrl(), secret: FIRST };
  });

  afterAll(() => lab.close());

  beforeEach(() => {
    partner.taken.clear();
    partner.faults.length = 0;
    partner.posts = 0;
    partner.webhookAnswers.length = 0;
  });

  /** How many events of a name there are about it. */
  async function events(name: string, about: string): Promise<number> {
    const [row] = await house.rows<{ count: number }>(
      'owner',
      'SELECT count(*)::int AS count FROM kernel_event WHERE action = $1 AND payload::text LIKE $2',
      { values: [name, `%${about}%`] },
    );
    return row?.count ?? 0;
  }

  async function remembered(): Promise<number> {
    const [row] = await house.rows<{ count: number }>(
      'owner',
      'SELECT count(*)::int AS count FROM sii_connector_webhook',
    );
    return row?.count ?? 0;
  }

  function onlyOne(): kit.TakenReturn {
    const [one, ...others] = [...partner.taken.values()];
    if (!one || others.length > 0) throw new Error('there is not one submission');
    return one;
  }

  /** Waits for the answers to so many webhooks; what they brought about may be seen before. */
  async function answered(count: number): Promise<void> {
    await until(`${count} webhooks are answered`, () => partner.webhookAnswers.length >= count);
  }

  async function accepted(period: string): Promise<{ id: string; submissionId: string }> {
    const id = await lab.approved(period);
    await lab.send(id);
    const seen = await lab.until(id, 'accepted', false);
    expect(seen?.state).toBe('accepted');
    return { id, submissionId: String(seen?.id) };
  }

  /** POST of a webhook that somebody made by hand. */
  async function post(
    body: string,
    given: {
      secret?: string;
      at?: Date;
      aheadMs?: number;
      id?: string;
      url?: string;
      headers?: object;
    } = {},
  ): Promise<number> {
    const { secret = FIRST, aheadMs = 0, id = `msg_${randomUUID()}` } = given;
    const { at = new Date(Date.now() + aheadMs) } = given;
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
      ...given.headers,
    };
    const answer = await fetch(given.url ?? lab.webhookUrl(), { method: 'POST', headers, body });
    return answer.status;
  }

  it('bring the folio at once', async () => {
    const { id, submissionId } = await accepted('202404');
    partner.file('7100000001', '2026-05-20');
    expect(await lab.until(id, 'filed', false)).toMatchObject({ state: 'filed' });
    const { body } = await lab.admin.get(`sii-connector/f29/${id}`);
    expect(body).toMatchObject({ state: 'filed', folio: '7100000001', filedOn: '2026-05-20' });
    expect(await events('submission.settled', submissionId)).toBe(2);
    await answered(2);
    expect(partner.webhookAnswers).toEqual([204, 204]);
  });

  it('count once when they come three times', async () => {
    partner.faults.push('duplicate-webhooks');
    const { id, submissionId } = await accepted('202405');
    partner.file('7100000002', '2026-05-20');
    expect((await lab.until(id, 'filed', false))?.state).toBe('filed');
    await answered(6);
    expect(partner.webhookAnswers).toEqual([204, 204, 204, 204, 204, 204]);
    expect(await events('webhook.received', submissionId)).toBe(2);
    expect(await events('submission.settled', submissionId)).toBe(2);
    expect(await events('tax_return.filed', id)).toBe(1);
    expect([partner.taken.size, partner.posts]).toEqual([1, 1]);
  });

  it('change nothing when an old one comes after a new one', async () => {
    const { id, submissionId } = await accepted('202406');
    partner.file('7100000003', '2026-05-20');
    expect((await lab.until(id, 'filed', false))?.state).toBe('filed');
    const before = await lab.admin.get(`sii-connector/f29/${id}`);
    const old = { type: 'f29.accepted', data: { key: onlyOne().key } };
    expect(await partner.send(onlyOne(), { body: old })).toBe(204);
    await house.settled();
    expect((await lab.admin.get(`sii-connector/f29/${id}`)).body).toEqual(before.body);
    expect(await events('submission.settled', submissionId)).toBe(2);
  });

  it('are not believed: the partner is asked', async () => {
    const { id, submissionId } = await accepted('202407');
    const lie = { data: { key: onlyOne().key, status: 'presentada' }, status: 'presentada' };
    const filed = { ...lie, folio: '7999999999', filedOn: '2026-05-20' };
    expect(await partner.send(onlyOne(), { body: filed })).toBe(204);
    await house.settled();
    expect((await lab.submissionOf(id))?.state).toBe('accepted');
    expect((await lab.admin.get(`sii-connector/f29/${id}`)).body.folio).toBeNull();
    expect(await events('submission.settled', submissionId)).toBe(1);
  });

  it('may come before our own request was answered', async () => {
    partner.faults.push('webhook-before-answer');
    const { submissionId } = await accepted('202408');
    await house.settled();
    expect(partner.webhookAnswers).toEqual([204]);
    expect([partner.taken.size, partner.posts]).toEqual([1, 1]);
    expect(await events('submission.settled', submissionId)).toBe(1);
  });

  it('may tell that it is filed before our own request was answered', async () => {
    const id = await lab.approved('202409');
    partner.faults.push('slow');
    await lab.send(id);
    await until('the partner took it', () => partner.taken.size > 0);
    partner.file('7100000004', '2026-05-20');
    expect((await lab.until(id, 'filed', false))?.state).toBe('filed');
    await house.settled();
    // The answer to the request is older than what was read meanwhile.
    expect((await lab.submissionOf(id))?.state).toBe('filed');
    expect([partner.taken.size, partner.posts]).toEqual([1, 1]);
    expect(await events('tax_return.filed', id)).toBe(1);
  });

  it('and polling leave alone what is being given', async () => {
    const id = await lab.approved('202403');
    partner.faults.push('slow-acceptance');
    await lab.send(id);
    await until('the partner was asked', () => partner.posts > 0);
    // The partner has not taken it yet and would say that it knows none.
    const key = String((await lab.submissionOf(id))?.key);
    expect(await post(JSON.stringify({ data: { key } }))).toBe(204);
    await lab.admin.post(`sii-connector/connectors/${lab.connectorId}/sync`);
    expect((await lab.until(id, 'accepted', false))?.state).toBe('accepted');
    await house.settled();
    expect([partner.taken.size, partner.posts]).toEqual([1, 1]);
  });

  it('of a submission that nobody knows are taken, and do nothing', async () => {
    const { id } = await accepted('202410');
    for (const data of [{ key: 'nunca-fue' }, { externalId: 'P-999' }, {}, null, [1]]) {
      expect(await post(JSON.stringify({ data }))).toBe(204);
    }
    expect(await post('esto no es JSON')).toBe(204);
    expect(await post('['.repeat(300_000))).toBe(204);
    await house.settled();
    expect((await lab.submissionOf(id))?.state).toBe('accepted');
    expect([partner.taken.size, partner.posts]).toEqual([1, 1]);
  });

  it('that name none bring news of all that are open', async () => {
    const { id } = await accepted('202411');
    partner.webhooks = null;
    partner.file('7100000005', '2026-05-20');
    partner.webhooks = { url: lab.webhookUrl(), secret: FIRST };
    expect(await post('{"type": "hay.novedades"}')).toBe(204);
    expect((await lab.until(id, 'filed', false))?.state).toBe('filed');
  });

  it('are signed over bytes, by either secret while it is rotated', async () => {
    const body = '{ "data" :\t{"key":"ñandú — ✓"}\r\n}\n';
    expect(await post(body)).toBe(204);
    expect(await post(body, { secret: NEXT })).toBe(204);
    const both = new Webhook(OTHER).sign('msg_2', new Date(), body);
    const right = new Webhook(NEXT).sign('msg_2', new Date(), body);
    const headers = { 'webhook-signature': `v1a,xyz ${both} ${right}` };
    expect(await post(body, { id: 'msg_2', headers })).toBe(204);
  });

  it.each<[string, Parameters<typeof post>[1]]>([
    ['another connector’s secret', { secret: OTHER }],
    ['a secret that nobody has', { secret: newSecret() }],
    ['a time six minutes ago', { aheadMs: -360_000 }],
    ['a time in six minutes', { aheadMs: 360_000 }],
    ['a time that was not signed', { headers: { 'webhook-timestamp': '1790000000' } }],
    ['no signature', { headers: { 'webhook-signature': '' } }],
    ['an unknown version', { headers: { 'webhook-signature': 'v2,abc' } }],
    ['half a signature', { headers: { 'webhook-signature': 'v1,YWJj' } }],
    ['another name than was signed', { headers: { 'webhook-id': 'msg_other' } }],
    ['no name', { headers: { 'webhook-id': '' } }],
    ['no time', { headers: { 'webhook-timestamp': 'ayer' } }],
  ])('are refused with %s', async (_, given) => {
    const before = await remembered();
    expect(await post('{"data":{"key":"x"}}', given)).toBe(401);
    expect(await remembered()).toBe(before);
  });

  it('are refused when the body is not the one that was signed', async () => {
    const at = new Date();
    const signature = new Webhook(FIRST).sign('msg_1', at, '{"data":{"key":"a"}}');
    const headers = { 'webhook-signature': signature };
    expect(await post('{"data":{"key":"b"}}', { id: 'msg_1', at, headers })).toBe(401);
  });

  it('tell nobody which connectors there are, and the log which were tried', async () => {
    const edits = { webhookSecretRef: 'corto' };
    const made = await lab.admin.post('sii-connector/connectors', {
      ...{ name: 'Secreto corto', kind: 'partner', ...edits },
    });
    const off = await lab.admin.post('sii-connector/connectors', {
      ...{ name: 'Apagado', kind: 'partner', active: false, webhookSecretRef: 'avisos' },
    });
    const ids = [randomUUID(), 'nada', made.body.id, off.body.id];
    for (const id of ids) expect(await post('{}', { url: lab.webhookUrl(String(id)) })).toBe(401);
    expect(await post('{}', { url: lab.webhookUrl(), secret: OTHER })).toBe(401);
    await house.app.get(kernel.DenialJournal).store();
    const denied = await lab.admin.get('audit/events?action=access.denied&limit=200');
    const told = (denied.body.items as { subjectId: string; payload: { code: string } }[]).filter(
      ({ payload }) => payload.code === 'sii-connector.webhook-not-signed',
    );
    expect(told.map(({ subjectId }) => subjectId)).toContain(lab.connectorId);
  });

  it('are not waited for: what is open is asked about, the less often the longer it is', async () => {
    const { submissionId } = await accepted('202412');
    const set = (sql: string): Promise<unknown> => house.rows('owner', sql);
    const asked = (): Promise<number> => events('sii_connector.sync_asked', lab.connectorId);
    const schedules = house.app.get(kernel.Schedules);
    // Only this one is open, since so long; the connector was asked so many minutes ago.
    const due = async (age: string, minutes: number): Promise<boolean> => {
      await set(
        `UPDATE sii_connector_submission SET state = 'filed' WHERE id <> '${submissionId}'`,
      );
      await set(`UPDATE sii_connector_submission SET created_at = now() - interval '${age}'
        WHERE id = '${submissionId}'`);
      await set(
        `UPDATE sii_connector_connector SET health_at = now() - interval '${minutes} minutes'`,
      );
      const before = await asked();
      await schedules.runOnce(
        'sii-connector.ask-partners',
        new Date(Date.now() + (runs += 300_000)),
      );
      const after = await asked();
      await house.settled();
      return after > before;
    };
    let runs = 0;
    expect([await due('10 minutes', 3), await due('10 minutes', 5)]).toEqual([false, true]);
    expect([await due('5 hours', 25), await due('5 hours', 31)]).toEqual([false, true]);
    expect([await due('3 days', 170), await due('3 days', 181)]).toEqual([false, true]);
    await set(`UPDATE sii_connector_submission SET state = 'filed' WHERE id = '${submissionId}'`);
    expect(await due('10 minutes', 500)).toBe(false);
  });

  it('are JSON of a bounded size', async () => {
    expect(await post('{}', { headers: { 'content-type': 'text/plain' } })).toBe(415);
    expect(await post(JSON.stringify({ data: 'x'.repeat(1_100_000) }))).toBe(413);
  });
});
