import { globSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { House, kernel, operationsOf, routeNames, shippedAddons } from '#test';
import type { Operation } from '#test';

/** The document that clients are generated from says everything that the routes do. */
describe('OpenAPI', () => {
  let house: House;
  let operations: Operation[];

  beforeAll(async () => {
    house = await House.open();
    operations = operationsOf(house.openApi());
  });

  it('is a valid OpenAPI 3.1 document at /openapi.json, and /docs shows it', async () => {
    const answer = await fetch(`${house.url}/openapi.json`);
    const document = (await answer.json()) as Record<string, unknown>;
    expect(document['openapi']).toBe('3.1.0');
    const result = await new Validator().validate(document);
    expect(result.errors ?? []).toEqual([]);
    const page = await fetch(`${house.url}/docs`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('swagger-ui');
  });

  it('has every route of every controller', () => {
    const routes = routeNames([kernel.kernelAddon, ...shippedAddons]);
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(routes.sort());
    expect(routes.length).toBeGreaterThan(40);
  });

  it('knows each shape by a name of its own: of two with one name it would hold one', () => {
    const files = globSync('{modules,src}/**/*.{view,input,controller}.ts');
    const names = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^(?:export )?(?:abstract )?class (\w+)/gm)]
        .map(([, name = '']) => name)
        .filter((name) => !name.endsWith('Controller')),
    );
    expect(names.length).toBeGreaterThan(100);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('says of every route who may call it and what can go wrong', () => {
    for (const operation of operations) {
      const { method, path, permission, statuses, parameters, body } = operation;
      const route = `${method} ${path}: ${statuses.join(' ')}`;
      if (operation.intake) {
        expect([route, permission, statuses]).toEqual([route, null, [204]]);
        continue;
      }
      const success = statuses.filter((status) => status < 300);
      expect([route, success.length]).toEqual([route, 1]);
      const expected = [400, 500, 503];
      if (permission !== null) expected.push(401, 403);
      expect([route, statuses.includes(429)]).toEqual([route, !path.startsWith('/health/')]);
      if (path.includes('{')) expected.push(404);
      if (body) expected.push(409, 413, 415, 422);
      if (method === 'PATCH' || method === 'PUT') expected.push(412, 428);
      for (const status of expected)
        expect([route, status, statuses]).toEqual([
          route,
          status,
          expect.arrayContaining([status]),
        ]);
      const names = parameters.map(({ name }) => name);
      if (method === 'PATCH' || method === 'PUT')
        expect([route, names]).toEqual([route, expect.arrayContaining(['If-Match'])]);
      if (path.endsWith('/payments') && method === 'POST')
        expect(names).toContain('Idempotency-Key');
    }
  });

  it('says which routes are sensitive: credentials, roles and exports, and no payment', () => {
    const sensitive = operations.filter((operation) => operation.sensitive);
    expect(sensitive.map(({ operationId }) => operationId)).toEqual(
      expect.arrayContaining(['Event.export', 'User.create', 'User.edit']),
    );
    // Whoever changes anything of how one proves oneself; what only ends a session is none of it.
    const harmless = ['logout', 'lock', 'end', 'endOthers', 'endAllOf'].map(
      (verb) => `Session.${verb}`,
    );
    const credentials = operations.filter(
      ({ method, path, permission, operationId }) =>
        method !== 'GET' &&
        path.startsWith('/api/v1/auth/') &&
        permission !== null &&
        !harmless.includes(operationId),
    );
    expect(credentials.length).toBeGreaterThan(10);
    for (const { operationId, sensitive: is } of credentials) {
      expect([operationId, is]).toEqual([operationId, true]);
    }
    const atTheCounter = /payments|sales(?!\/customers\/\{id\}\/export)/;
    for (const { path } of sensitive) expect(path).not.toMatch(atTheCounter);
    for (const { path, parameters, ...operation } of operations) {
      const isExport = parameters.some(({ name }) => name === 'format');
      if (isExport) expect([path, operation.sensitive]).toEqual([path, true]);
    }
  });

  it('answers a method that an address does not take with 405 and those that it does', async () => {
    for (const path of new Set(operations.map((operation) => operation.path))) {
      const known = operations.filter((each) => each.path === path).map(({ method }) => method);
      const url = path.replaceAll(/\{\w+\}/g, '00000000-0000-7000-8000-000000000000');
      const other = ['PUT', 'PATCH'].find((method) => !known.includes(method)) ?? '';
      const answer = await fetch(`${house.url}${url}?a=1`, { method: other });
      const allowed = (answer.headers.get('allow') ?? '').split(', ');
      expect([path, answer.status]).toEqual([path, 405]);
      expect([path, allowed]).toEqual([path, expect.arrayContaining(known)]);
      expect([path, allowed]).not.toEqual([path, expect.arrayContaining([other])]);
    }
    const nowhere = await fetch(`${house.url}/api/v1/base/nothing`, { method: 'DELETE' });
    expect([nowhere.status, nowhere.headers.get('allow')]).toEqual([404, null]);
  });

  it('says of a value of any type that it may be of any', async () => {
    const settings = await (await house.as('admin')).get('base/settings');
    const values = settings.body.items.map(({ value }: { value: unknown }) => typeof value);
    expect(new Set(values).size).toBeGreaterThan(1);
    const view = house.openApi().components?.schemas?.['SettingView'] as {
      properties: { value: { oneOf: { type: string }[] } };
    };
    const types = view.properties.value.oneOf.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining([...values, 'null', 'array']));
  });

  it('lists are keyset-paged with a limit of 1 to 200', () => {
    const lists = operations.filter(({ parameters }) =>
      parameters.some(({ name }) => name === 'after'),
    );
    expect(lists.length).toBeGreaterThanOrEqual(10);
    for (const { parameters } of lists) {
      const limit = parameters.find(({ name }) => name === 'limit');
      expect(limit?.schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 200 });
    }
  });

  it('declares every permission once, and uses every one that it declares', () => {
    const declared = shippedAddons.flatMap((addon) => Object.keys(addon.permissions));
    expect(new Set(declared).size).toBe(declared.length);
    const used = new Set(operations.map(({ permission }) => permission));
    used.delete(null);
    used.delete('*');
    // These change what a route answers, not whether it may be called.
    used
      .add('auth.explanation.read')
      .add('auth.session.end')
      .add('payments.daily-cut.force')
      .add('payments.expected-amount.read');
    expect([...used].sort()).toEqual([...declared].sort());
  });

  it('answers the reference that every problem’s type is', async () => {
    const missing = await house.nobody.get('auth/me');
    const kind = await fetch(`${house.url}${missing.body.type as string}`);
    expect(await kind.json()).toMatchObject({ code: 'kernel.unauthenticated', status: 401 });
    expect((await fetch(`${house.url}/problems/none`)).status).toBe(404);
  });
});
