import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alerts, foundSecondCompany, House } from '#test';
import type { Client, Receiver } from '#test';

/** What is the operator's is nobody else's, whatever the other companies of the installation ask for. */
describe('alerts of several companies', () => {
  let house: House;
  let stranger: Client;
  let receiver: Receiver;
  let worker: { stop: () => Promise<void> };

  beforeAll(async () => {
    receiver = await alerts.Receiver.open();
    house = await House.open({ ALERT_PRIVATE_HOSTS: '127.0.0.1' });
    await foundSecondCompany(house);
    stranger = await house.as('admin.dos');
    worker = await alerts.startWorker(house);
  });

  afterAll(async () => {
    await worker.stop();
    await receiver.close();
  });

  const subscribe = (client: Client, address: string): ReturnType<Client['post']> =>
    client.post('operational-alerts/subscriptions', {
      ...{ name: 'mine', channel: 'webhook', address, leastSeverity: 'info' },
      groupWaitSeconds: 0,
    });

  it('reach private hosts for the operator alone, when asked for and when sent', async () => {
    const admin = await house.as('admin');
    expect((await subscribe(admin, `${receiver.url}/operator`)).status).toBe(201);
    const refused = await subscribe(stranger, `${receiver.url}/stranger`);
    expect(refused.body.code).toBe('operational-alerts.subscription-refused');
    // As if it had been allowed before, or the operator were another one now.
    expect((await subscribe(stranger, 'https://example.cl/hook')).status).toBe(201);
    await house.rows(
      'owner',
      `UPDATE operational_alerts_subscription SET address = $1 WHERE address LIKE 'https:%'`,
      { values: [`${receiver.url}/stranger`] },
    );
    for (const client of [admin, stranger]) {
      const fired = await client.post('operational-alerts/alerts/test-fire', { severity: 'info' });
      expect(fired.status).toBe(201);
    }
    await alerts.makeRound(house);
    const sent = async (): Promise<Record<string, string>> =>
      (await stranger.get('operational-alerts/notifications')).body.items[0] ?? {};
    await alerts.eventually(async () => (await sent())['state'] === 'failing', 'not refused');
    expect((await sent())['lastError']).toMatch(/only https/);
    await alerts.eventually(() => receiver.bodies('/operator').length === 1, 'nobody was told');
    expect(receiver.received.map(({ path }) => path)).toEqual(['/operator']);
  });

  it('of the installation are nobody’s while the operator is named by no id', async () => {
    const unnamed = await House.open({ OPERATOR_COMPANY_ID: 'the first one' });
    await alerts.beatWorker(unnamed);
    const admin = await unnamed.as('admin');
    expect((await admin.get('operational-alerts/heartbeats')).body.items).toEqual([]);
  });
});
