import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { alerts, House } from '#test';
import type { Client, Mailbox, MovedClock, Receiver } from '#test';

interface Item {
  readonly type: string;
  readonly key: string;
  readonly status: string;
  readonly again: boolean;
  readonly regression: boolean;
  readonly openedAt: string;
}

/** Without what the moved clock itself brings about, such as heartbeats that are late. */
const TYPES = [
  ...['alert.test_fired', 'backup.missing', 'database.unavailable', 'disk.low'],
  ...['http.server_error', 'secret.expiring'],
];

/** Whoever subscribes hears of alerts: by webhook, e-mail and Alertmanager, at the right time. */
describe('notifications', () => {
  let house: House;
  let admin: Client;
  let clock: MovedClock;
  let receiver: Receiver;
  let mailbox: Mailbox;
  let worker: { stop: () => Promise<void> };
  let key = 0;

  beforeAll(async () => {
    [receiver, mailbox] = await Promise.all([alerts.Receiver.open(), alerts.Mailbox.open()]);
    house = await House.open({
      ...{ ALERT_PRIVATE_HOSTS: '127.0.0.1', SMTP_URL: mailbox.url },
      // Each test is a week later.
      ...{ ...alerts.LONG_SESSIONS, PASSWORD_MAX_AGE_DAYS: '0' },
    });
    clock = alerts.MovedClock.of(house);
    admin = await house.as('admin');
    worker = await alerts.startWorker(house);
  });

  afterAll(async () => {
    await worker.stop();
    await Promise.all([receiver.close(), mailbox.close()]);
  });

  /** Each test has a type's key, a path and subscriptions of its own. */
  beforeEach(async () => {
    // Each on a Tuesday of its own at noon in Santiago, out of everybody's quiet hours.
    key += 1;
    clock.set(at('15:00'));
    admin = await house.as('admin');
    const { items } = (await admin.get('operational-alerts/subscriptions')).body;
    for (const { id, version, active } of items) {
      if (active) {
        await admin.patch(`operational-alerts/subscriptions/${id}`, { active: false }, version);
      }
    }
  });

  /** An instant of the test's Tuesday, or of a day after it, by its time in UTC. */
  function at(time: string, days = 0): string {
    const day = new Date(Date.UTC(2026, 10, 24 + 7 * key + days)).toISOString().slice(0, 10);
    return `${day}T${time}:00Z`;
  }

  const path = (name = ''): string => `/hook${key}${name}`;

  async function subscribe(wishes: object = {}, name = ''): Promise<Record<string, string>> {
    const created = await admin.post('operational-alerts/subscriptions', {
      ...{ name: `s${key}${name}`, channel: 'webhook', address: receiver.url + path(name) },
      ...{ groupWaitSeconds: 0, repeatMinutes: 60, types: TYPES, ...wishes },
    });
    expect([created.status, created.text]).toEqual([201, created.text]);
    return created.body;
  }

  function itemsOf(name = ''): Item[] {
    return receiver.bodies(path(name)).flatMap((body) => body['data'].items);
  }

  /** Waits for so many messages, and sees that no further one comes with another round. */
  async function heard(count: number, name = ''): Promise<Item[]> {
    const messages = (): number => receiver.bodies(path(name)).length;
    await alerts.makeRound(house);
    await alerts.eventually(() => messages() >= count, `${count} messages, not ${messages()}`, 15);
    await alerts.makeRound(house);
    const waiting = 'operational-alerts/notifications?state=queued';
    await alerts.eventually(async () => (await admin.get(waiting)).body.items.length === 0);
    expect(messages()).toBe(count);
    return itemsOf(name);
  }

  async function idOf(type: string): Promise<string> {
    const { body } = await admin.get(`operational-alerts/alerts?type=${type}&key=${key}`);
    return String(body.items[0].id);
  }

  it('are webhooks signed as Standard Webhooks, told again while it goes on, and at its end', async () => {
    const { secret = '', id } = await subscribe();
    expect(secret).toMatch(/^whsec_/);
    await alerts.occur(house, 'disk.low', `${key}`);
    const [first] = await heard(1);
    expect(first).toMatchObject({ type: 'disk.low', status: 'firing', again: false });
    const [request] = receiver.received.filter((each) => each.path === path());
    const verified = new Webhook(secret).verify(
      request?.body ?? '',
      request?.headers as Record<string, string>,
    );
    expect(verified).toMatchObject({ type: 'alerts.notified', data: { status: 'firing' } });
    const forged = new Webhook(`whsec_${Buffer.alloc(32).toString('base64')}`);
    expect(() => forged.verify(request?.body ?? '', request?.headers as never)).toThrow();
    const shown = await admin.get(`operational-alerts/subscriptions/${id}`);
    expect(shown.text).not.toContain(secret);

    clock.forward(59);
    await alerts.occur(house, 'disk.low', `${key}`);
    await heard(1);
    clock.forward(1);
    const repeated = (await heard(2)).at(-1);
    expect(repeated).toMatchObject({ status: 'firing', again: true, openedAt: first?.openedAt });
    await admin.post(`operational-alerts/alerts/${await idOf('disk.low')}/resolve`, {});
    expect((await heard(3)).at(-1)).toMatchObject({ status: 'resolved', again: false });

    clock.forward(600);
    await heard(3);
    await alerts.occur(house, 'disk.low', `${key}`);
    expect((await heard(4)).at(-1)).toMatchObject({ status: 'firing', regression: true });
  });

  it('wait for others of their group, and what ends before is not told at all', async () => {
    await subscribe({ groupWaitSeconds: 30, leastSeverity: 'warning' });
    for (const type of ['disk.low', 'backup.missing', 'secret.expiring', 'alert.test_fired']) {
      await alerts.occur(house, type, `${key}`);
    }
    await admin.post(`operational-alerts/alerts/${await idOf('secret.expiring')}/resolve`, {});
    await heard(0);
    clock.forward(0.5);
    const items = await heard(1);
    expect(items.map(({ type }) => type).sort()).toEqual(['backup.missing', 'disk.low']);
  });

  it('are about the types that were asked for', async () => {
    await subscribe({ types: ['backup.missing'], leastSeverity: 'info' });
    await alerts.occur(house, 'disk.low', `${key}`);
    await alerts.occur(house, 'backup.missing', `${key}`);
    expect((await heard(1)).map(({ type }) => type)).toEqual(['backup.missing']);
  });

  it('stop when somebody acknowledges, and go to the next in line when nobody does', async () => {
    await subscribe({ repeatMinutes: 10 });
    await subscribe({ afterUnacknowledgedMinutes: 15 }, '-boss');
    await alerts.occur(house, 'disk.low', `${key}`);
    await heard(1);
    await heard(0, '-boss');
    clock.forward(15);
    await heard(2);
    const [escalated] = await heard(1, '-boss');
    expect(escalated).toMatchObject({ type: 'disk.low', status: 'firing', again: false });
    const id = await idOf('disk.low');
    const { items } = (await admin.get(`audit/history/operational-alerts.alert/${id}`)).body;
    expect((items as { action: string }[]).map(({ action }) => action)).toContain(
      'alert.escalated',
    );
    await admin.post(`operational-alerts/alerts/${id}/acknowledge`, {});
    clock.forward(300);
    await heard(2);
    await heard(1, '-boss');

    await alerts.occur(house, 'backup.missing', `${key}`);
    await heard(3);
    const other = await idOf('backup.missing');
    await admin.post(`operational-alerts/alerts/${other}/acknowledge`, {});
    clock.forward(300);
    await heard(1, '-boss');
  });

  it('wait for the end of quiet hours, unless it is grave enough to wake somebody', async () => {
    await subscribe({ quietFrom: '22:00', quietUntil: '07:00' });
    await subscribe({ quietFrom: '22:00', quietUntil: '07:00', quietBelow: null }, '-deep');
    // 23:00 in Santiago.
    clock.set(at('02:00', 1));
    await alerts.occur(house, 'secret.expiring', `${key}`);
    await heard(0);
    await alerts.occur(house, 'disk.low', `${key}`);
    expect((await heard(1)).map(({ type }) => type)).toEqual(['disk.low']);
    await heard(0, '-deep');
    clock.set(at('09:59', 1));
    await alerts.makeRound(house);
    expect(itemsOf().map(({ type }) => type)).not.toContain('secret.expiring');
    await heard(0, '-deep');
    clock.set(at('10:00', 1));
    await heard(1, '-deep');
    expect(
      itemsOf('-deep')
        .map(({ type }) => type)
        .sort(),
    ).toEqual(['disk.low', 'secret.expiring']);
    await alerts.eventually(() => itemsOf().some(({ type }) => type === 'secret.expiring'));
  });

  it('do not come while an alert is silenced, and come again when the silence ends', async () => {
    await subscribe();
    await alerts.occur(house, 'disk.low', `${key}`);
    await heard(1);
    const until = new Date(clock.now.getTime() + 8 * 3_600_000).toISOString();
    const id = await idOf('disk.low');
    await admin.post(`operational-alerts/alerts/${id}/silence`, { until, reason: 'obra' });
    clock.forward(300);
    await alerts.occur(house, 'disk.low', `${key}`);
    await heard(1);
    clock.forward(181);
    expect((await heard(2)).at(-1)).toMatchObject({ status: 'firing', again: true });
    expect((await admin.get(`operational-alerts/alerts/${id}`)).body.state).toBe('open');
  });

  it('of symptoms do not come while their cause lasts, nor after it if they ended with it', async () => {
    await subscribe();
    await alerts.occur(house, 'database.unavailable', '');
    await heard(1);
    await alerts.occur(house, 'http.server_error', `a${key}`);
    await alerts.occur(house, 'http.server_error', `b${key}`);
    clock.forward(2);
    await heard(1);
    for (let sign = 0; sign < 3; sign += 1)
      await alerts.goodSign(house, 'database.unavailable', '');
    expect((await heard(2)).at(-1)).toMatchObject({ status: 'resolved' });
    clock.forward(1);
    // One of them goes on without the cause: that is news.
    await alerts.occur(house, 'http.server_error', `b${key}`);
    const items = await heard(3);
    expect(items.at(-1)).toMatchObject({ type: 'http.server_error', key: `b${key}` });
    clock.forward(20);
    await heard(3);
  });

  it('are e-mails by SMTP, tried again when the server turns them away', async () => {
    mailbox.refusals = 1;
    const address = 'turno@example.cl, jefa@example.cl';
    await subscribe({ channel: 'email', address });
    await alerts.occur(house, 'disk.low', `${key}`, { label: 'disco\r\nBcc: x@example.cl' });
    await alerts.makeRound(house);
    await alerts.eventually(() => mailbox.letters.length > 0, 'a letter');
    const [letter] = mailbox.letters;
    expect(letter?.to).toEqual(['turno@example.cl', 'jefa@example.cl']);
    expect(letter?.text).toMatch(/Subject: .*OFITEC.*disk\.low/s);
    expect(letter?.text).not.toMatch(/^Bcc:.*\r\n(?=.*Subject)/m);
    expect(letter?.text).toContain('runbooks/playbooks/disk_low.md');
    const list = 'operational-alerts/notifications?limit=1';
    await alerts.eventually(async () => (await admin.get(list)).body.items[0].state === 'sent');
    expect((await admin.get(list)).body.items[0]).toMatchObject({ attempts: 2, lastError: null });
    expect(mailbox.letters).toHaveLength(1);
  });

  it('go to an Alertmanager as it takes them', async () => {
    const { id } = await subscribe({
      ...{ channel: 'alertmanager', address: `${receiver.url}/am${key}/`, secret: 'a-token' },
    });
    await alerts.occur(house, 'disk.low', `${key}`);
    await alerts.makeRound(house);
    const sent = (): unknown[] => receiver.bodies(`/am${key}/api/v2/alerts`);
    await alerts.eventually(() => sent().length === 1);
    const [alert] = sent()[0] as Record<string, Record<string, string>>[];
    expect(alert).toMatchObject({
      labels: { alertname: 'disk.low', key: `${key}`, severity: 'critical' },
      annotations: { runbook: 'runbooks/playbooks/disk_low.md' },
    });
    expect(Date.parse((alert as unknown as { endsAt: string }).endsAt)).toBeGreaterThan(
      clock.now.getTime(),
    );
    const request = receiver.received.find((each) => each.path.startsWith(`/am${key}`));
    expect(request?.headers.authorization).toBe('Bearer a-token');
    await admin.post(`operational-alerts/alerts/${await idOf('disk.low')}/resolve`, {});
    await alerts.makeRound(house);
    await alerts.eventually(() => sent().length === 2);
    // The token goes to whatever the address is: another address does not get it unasked.
    const move = { address: `${receiver.url}/elsewhere` };
    const one = `operational-alerts/subscriptions/${id}`;
    const { version } = (await admin.get(one)).body;
    const edit = (body: object): ReturnType<Client['patch']> => admin.patch(one, body, version);
    expect((await edit(move)).body.code).toBe('operational-alerts.subscription-refused');
    expect((await edit({ ...move, secret: 'another' })).status).toBe(200);
    const [ended] = sent()[1] as { endsAt: string }[];
    expect(Date.parse(ended?.endsAt ?? '')).toBeLessThanOrEqual(clock.now.getTime());
  });

  it('that fail wait and are tried again, follow no redirection, and keep what went wrong', async () => {
    await subscribe();
    receiver.status = 302;
    await alerts.occur(house, 'disk.low', `${key}`);
    await alerts.makeRound(house);
    const list = 'operational-alerts/notifications?limit=1';
    await alerts.eventually(async () => (await admin.get(list)).body.items[0].state === 'failing');
    const [failing] = (await admin.get(list)).body.items;
    expect(failing.lastError).toMatch(/answered 302/);
    expect(receiver.received.map((each) => each.path)).not.toContain('/elsewhere');
    receiver.status = 204;
    await alerts.eventually(async () => (await admin.get(list)).body.items[0].state === 'sent');
    const ids = receiver.received
      .filter((each) => each.path === path())
      .map(({ headers }) => headers['webhook-id']);
    expect(ids.length).toBeGreaterThanOrEqual(2);
    expect(new Set(ids).size).toBe(1);
  });

  it('of ten thousand further occurrences are none', async () => {
    await subscribe();
    await alerts.occur(house, 'disk.low', `${key}`);
    await heard(1);
    await alerts.occur(house, 'disk.low', `${key}`, { count: 10_000 });
    await heard(1);
  });

  it('come although something else of the company’s round fails', async () => {
    await subscribe();
    // A time of the day that there is not, of a heartbeat that has had its sign.
    const broken = await admin.post('operational-alerts/heartbeats', {
      ...{ name: 'broken', eventName: 'session.started', byTime: '10:00' },
    });
    expect(broken.status).toBe(201);
    const damage = (time: string): Promise<unknown> =>
      house.rows(
        'owner',
        `UPDATE operational_alerts_heartbeat SET by_time = $1, due_at = '2020-01-01',
           since_at = '2020-01-01' WHERE name = 'broken'`,
        { values: [time] },
      );
    await damage('99:99');
    await alerts.occur(house, 'disk.low', `${key}`);
    await heard(1);
    await damage('10:00');
  });

  it('cannot be led into the house’s own network, nor subscribed to without sense', async () => {
    const ask = (body: object): ReturnType<Client['post']> =>
      admin.post('operational-alerts/subscriptions', {
        ...{ name: `x${key}`, channel: 'webhook', address: 'https://example.cl/hook', ...body },
      });
    for (const address of [
      ...['http://example.cl/hook', 'https://10.0.0.7/', 'https://[::1]/', 'https://[fd00::1]/'],
      ...['https://169.254.169.254/latest', 'https://[::ffff:127.0.0.1]/', 'file:///etc/passwd'],
      ...['https://user:pass@example.cl/', 'https://2130706434/', 'https://100.64.0.1/', 'nowhere'],
    ]) {
      const refused = await ask({ address });
      expect([address, refused.status, refused.body.code]).toEqual([
        ...[address, 422, 'operational-alerts.subscription-refused'],
      ]);
    }
    for (const body of [
      { quietFrom: '22:00' },
      { quietFrom: '22:00', quietUntil: '22:00' },
      { secret: 'short' },
      { channel: 'email', address: 'nobody' },
      { channel: 'email', address: 'a@example.cl\r\nBcc: b@example.cl' },
    ]) {
      expect([body, (await ask(body)).status]).toEqual([body, 422]);
    }
    const unknown = await ask({ types: ['thing.wrong'] });
    expect(unknown.body.code).toBe('operational-alerts.unknown-alert-type');
    expect((await ask({ quietFrom: '7:00', quietUntil: '22:00' })).status).toBe(400);
    // A name that leads inside is refused where the connection is made.
    await subscribe({ address: 'https://localhost/hook', leastSeverity: 'critical' });
    await alerts.occur(house, 'disk.low', `${key}`);
    await alerts.makeRound(house);
    const list = 'operational-alerts/notifications?limit=1';
    await alerts.eventually(async () => (await admin.get(list)).body.items[0].state === 'failing');
    expect((await admin.get(list)).body.items[0].lastError).toMatch(/no public address/);
  });
});
