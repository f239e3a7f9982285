import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alerts, freePort, House, run } from '#test';
import type { Client, Program } from '#test';

interface Told {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly status: { readonly state: string };
}

/** Debian's Alertmanager is told of alerts, and of their end, by a house with its worker. */
describe('Alertmanager', () => {
  let folder: string;
  let house: House;
  let admin: Client;
  let worker: { stop: () => Promise<void> };
  let alertmanager: Program;
  let url: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ofitec-alertmanager-'));
    writeFileSync(
      join(folder, 'config.yml'),
      'route: { receiver: nobody, group_wait: 0s }\nreceivers: [{ name: nobody }]\n',
    );
    url = `http://127.0.0.1:${await freePort()}`;
    alertmanager = run('prometheus-alertmanager', [
      ...[`--config.file=${join(folder, 'config.yml')}`, `--storage.path=${join(folder, 'data')}`],
      ...[`--web.listen-address=${url.slice('http://'.length)}`, '--cluster.listen-address='],
    ]);
    await alerts.eventually(
      async () => {
        const answer = await fetch(`${url}/-/ready`).catch(() => null);
        return answer?.status === 200;
      },
      'Alertmanager is not ready',
      90,
    );
    house = await House.open({ ALERT_PRIVATE_HOSTS: '127.0.0.1' });
    admin = await house.as('admin');
    worker = await alerts.startWorker(house);
  }, 180_000);

  afterAll(async () => {
    await worker?.stop();
    await alertmanager?.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const told = async (): Promise<Told[]> =>
    (await (await fetch(`${url}/api/v2/alerts`)).json()) as Told[];

  it('takes what it is told, and forgets what is resolved', async () => {
    const created = await admin.post('operational-alerts/subscriptions', {
      ...{ name: 'alertmanager', channel: 'alertmanager', address: url, groupWaitSeconds: 0 },
      types: ['disk.low'],
    });
    expect(created.status).toBe(201);
    await alerts.occur(house, 'disk.low', 'node-1:/srv', { label: 'node-1:/srv has 3 % left' });
    await alerts.eventually(async () => (await told()).length === 1, 'nothing was told');
    const [alert] = await told();
    expect(alert).toMatchObject({
      labels: { alertname: 'disk.low', key: 'node-1:/srv', severity: 'critical' },
      annotations: {
        description: 'node-1:/srv has 3 % left',
        runbook: 'runbooks/playbooks/disk_low.md',
      },
      status: { state: 'active' },
    });
    expect(Date.parse(alert?.startsAt ?? '')).toBeLessThan(Date.now());
    expect(Date.parse(alert?.endsAt ?? '')).toBeGreaterThan(Date.now());
    const { items } = (await admin.get('operational-alerts/alerts?type=disk.low')).body;
    await admin.post(`operational-alerts/alerts/${items[0].id}/resolve`, { note: 'freed' });
    await alerts.eventually(async () => (await told()).length === 0, 'it goes on there');
    const sent = (await admin.get('operational-alerts/notifications')).body.items;
    expect(sent.map(({ state }: { state: string }) => state)).toEqual(['sent', 'sent']);
  });
});
