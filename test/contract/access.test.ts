import { beforeAll, describe, expect, it } from '@jest/globals';
import { House, operationsOf, sampleOf } from '#test';
import type { Client, Operation } from '#test';

const ROLES = ['admin', 'encargada', 'vendedora', 'contador'] as const;

/** Every route of the document × nobody and every role: in with the permission, out without. */
describe('access matrix', () => {
  let house: House;
  let operations: Operation[];
  const clients = new Map<string, { client: Client; permissions: string[] }>();

  beforeAll(async () => {
    house = await House.open();
    operations = operationsOf(house.openApi()).filter(
      ({ operationId }) => !['Session.logout', 'Session.lock'].includes(operationId),
    );
    for (const role of ROLES) {
      const client = await house.as(role);
      const me = await client.get('auth/me');
      clients.set(role, { client, permissions: me.body.permissions as string[] });
    }
  });

  function call(client: Client, { method, path, body }: Operation): Promise<{ status: number }> {
    const absent = '00000000-0000-7000-8000-000000000000';
    const url = path.replaceAll(/\{id\}/g, absent).replaceAll(/\{\w+\}/g, 'none');
    const sample = body ? (sampleOf(house.openApi(), body, {}) as object) : undefined;
    const headers = { 'if-match': '"1"', 'idempotency-key': `key-${method}-${path}` };
    return client.raw(method.toLowerCase() as 'get', url, sample, headers);
  }

  it('turns nobody away from public routes and everybody unknown from the others', async () => {
    const open = operations.filter(({ permission }) => permission === null);
    expect(open.map(({ operationId }) => operationId).sort()).toEqual([
      'Health.live',
      'Health.ready',
      'Heartbeat.ping',
      'Problem.list',
      'Problem.show',
      'Session.login',
      'Source.signal',
      'Terminal.signIn',
    ]);
    for (const operation of operations.filter(({ permission }) => permission !== null)) {
      const { status } = await call(house.nobody, operation);
      expect([operation.operationId, status]).toEqual([operation.operationId, 401]);
    }
  });

  it.each(ROLES)('%s passes where the role has the permission, and nowhere else', async (role) => {
    const found = clients.get(role);
    if (!found) throw new Error(`no client for ${role}`);
    for (const operation of operations.filter(({ permission }) => permission !== null)) {
      const { operationId, permission } = operation;
      const may = permission === '*' || found.permissions.includes(permission ?? '');
      const { status } = await call(found.client, operation);
      expect([operationId, status === 403]).toEqual([operationId, !may]);
      expect([operationId, status]).not.toEqual([operationId, 401]);
    }
  });

  it('gives the admin everything, the contador only reading, the vendedora no cut', () => {
    const behind = [
      'auth.explanation.read',
      'auth.session.end',
      'payments.daily-cut.force',
      'payments.expected-amount.read',
    ];
    const declared = operations.map(({ permission }) => permission ?? '*').filter((p) => p !== '*');
    expect(clients.get('admin')?.permissions).toEqual(
      [...new Set([...declared, ...behind])].sort(),
    );
    expect(clients.get('contador')?.permissions.filter((p) => !/\.(read|export)$/.test(p))).toEqual(
      [],
    );
    const cuts = clients.get('vendedora')?.permissions.filter((p) => p.includes('daily-cut'));
    expect(cuts).toEqual([]);
  });
});
