import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { bootstrap, kernel } from '#test';

const read = (env: Record<string, string>): Promise<{ kernel: { SECRET_KEY?: string } }> =>
  bootstrap.readBlueprint(env);

const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://ofitec_app@db/ofitec',
  ALLOWED_HOSTS: 'erp.example.cl',
  SECRET_KEY: randomBytes(40).toString('base64url'),
};

describe('configuration', () => {
  it('tells every fault of the environment at once', async () => {
    const env = {
      PORT: '99999',
      LOG_LEVEL: 'loud',
      SESSION_COOKIE_AGE_SECONDS: 'ten',
      NODE_ENV: 'x',
    };
    await expect(read(env)).rejects.toThrow(/PORT must be.*\n.*LOG_LEVEL must be/);
    await expect(read({ SESSION_COOKIE_AGE_SECONDS: '1' })).rejects.toThrow(
      'SESSION_COOKIE_AGE_SECONDS must be a whole number from 60 to 2592000, not "1"',
    );
  });

  it('accepts a sound production', async () => {
    await expect(read(production)).resolves.toBeDefined();
  });

  it.each([
    ['the embedded database', { DATABASE_URL: '' }, 'DATABASE_URL is unset'],
    ['demo data', { OFITEC_DEMO_PASSWORD: 'x' }, 'OFITEC_DEMO_PASSWORD is set'],
    ['no key', { SECRET_KEY: '' }, 'SECRET_KEY is missing'],
    ['a short key', { SECRET_KEY: randomBytes(24).toString('base64url') }, 'SECRET_KEY is weak'],
    ['a repeated key', { SECRET_KEY: '0123456789'.repeat(6) }, 'SECRET_KEY is weak'],
    ['a key of one letter', { SECRET_KEY: 'a'.repeat(80) }, 'SECRET_KEY is weak'],
    [
      'a placeholder',
      { SECRET_KEY: `insecure-${randomBytes(40).toString('hex')}` },
      'SECRET_KEY is weak',
    ],
    ['any host', { ALLOWED_HOSTS: '' }, 'ALLOWED_HOSTS is unset'],
    ['a metrics token to guess', { METRICS_TOKEN: 'metricas' }, 'METRICS_TOKEN is weak'],
    ['open metrics', { METRICS_BIND: '0.0.0.0:9464' }, 'METRICS_BIND listens on every address'],
    ['open metrics on IPv6', { METRICS_BIND: '[::]:9464' }, 'METRICS_BIND listens on every'],
  ])('production refuses %s', async (_, part, line) => {
    await expect(read({ ...production, ...part })).rejects.toThrow(line);
  });

  it('production tells all of it at once', async () => {
    const lines = /DATABASE_URL is unset[^]*SECRET_KEY is missing[^]*ALLOWED_HOSTS is unset/;
    await expect(read({ NODE_ENV: 'production' })).rejects.toThrow(lines);
  });

  it('lets metrics be open on one address, and anywhere behind a token', async () => {
    const token = randomBytes(24).toString('base64url');
    const parts: Record<string, string>[] = [
      { METRICS_BIND: '10.0.0.7:9464' },
      { METRICS_BIND: '9464' },
      { METRICS_BIND: '0.0.0.0:9464', METRICS_TOKEN: token },
    ];
    for (const part of parts) {
      await expect(read({ ...production, ...part })).resolves.toBeDefined();
    }
  });

  it.each([
    ['9464', { host: '127.0.0.1', port: 9464 }],
    ['10.0.0.7:9464', { host: '10.0.0.7', port: 9464 }],
    ['[::1]:0', { host: '::1', port: 0 }],
    ['watch.example.cl:80', { host: 'watch.example.cl', port: 80 }],
  ])('reads the address %s', async (METRICS_BIND, address) => {
    const { kernel } = await bootstrap.readBlueprint({ METRICS_BIND });
    expect(kernel.METRICS_BIND).toEqual(address);
  });

  it.each(['here', '1:2:3', '::1:80', 'a b:80', ':80', '70000', '127.0.0.1'])(
    'reads no address from %s',
    async (METRICS_BIND) => {
      await expect(read({ METRICS_BIND })).rejects.toThrow(
        'METRICS_BIND must be a port or host:port',
      );
    },
  );

  it('waits for balancers in production unless told otherwise', async () => {
    const delay = async (env: Record<string, string>): Promise<number> =>
      kernel.drainDelayMs((await bootstrap.readBlueprint(env)).kernel);
    expect(await delay({})).toBe(0);
    expect(await delay(production)).toBe(5_000);
    expect(await delay({ ...production, DRAIN_SECONDS: '0' })).toBe(0);
    expect(await delay({ DRAIN_SECONDS: '12' })).toBe(12_000);
  });

  it('reads a secret from a file, and never prints one', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ofitec-config-')), 'key');
    writeFileSync(file, `${production.SECRET_KEY}\n`);
    const { SECRET_KEY, ...rest } = production;
    const { kernel } = await read({ ...rest, SECRET_KEY_FILE: file });
    expect(kernel.SECRET_KEY).toBe(SECRET_KEY);
    await expect(read({ ...production, SECRET_KEY_FILE: file })).rejects.toThrow('both set');
    await expect(read({ ...rest, SECRET_KEY_FILE: '/absent' })).rejects.toThrow(
      /cannot be read: ENOENT/,
    );
    const weak = await read({ ...production, SECRET_KEY: 'hunter2' }).catch(
      (e: Error) => e.message,
    );
    expect(weak).not.toContain('hunter2');
  });

  it.each([
    ['API_THROTTLE_USER_RATE', '6000', 'must be a rate from 1/min to 1000000/min, not "6000"'],
    ['API_THROTTLE_USER_RATE', '0/min', 'must be a rate'],
    ['API_THROTTLE_ANON_IP_RATE', '5/s', 'must be a rate'],
    ['API_THROTTLE_SENSITIVE_USER_RATE', '1000001/min', 'must be a rate'],
    ['TRUSTED_PROXIES', '10.0.0.0/8,lobby', 'holds "lobby", which is neither an address'],
    ['TRUSTED_PROXIES', '0.0.0.0/0', 'holds "0.0.0.0/0"'],
    ['TRUSTED_PROXIES', '10.0.0.0/33', 'holds "10.0.0.0/33"'],
    ['REDIS_URL', 'http://cache', 'must be a URL that begins with redis:// or rediss://'],
  ])('%s may not be %s', async (name, value, line) => {
    await expect(read({ [name]: value })).rejects.toThrow(`${name} ${line}`);
  });

  it('reads limits, proxies and Redis, and does not print the password of one', async () => {
    const { kernel } = await bootstrap.readBlueprint({
      API_THROTTLE_USER_RATE: ' 90/min ',
      TRUSTED_PROXIES: 'loopback, 10.1.2.3, 2001:db8::/32',
      REDIS_URL: 'rediss://:hunter2@cache:6380/1',
    });
    expect(kernel.API_THROTTLE_USER_RATE.perMinute).toBe(90);
    expect(kernel.API_THROTTLE_ANON_IP_RATE.perMinute).toBe(600);
    expect(kernel.API_THROTTLE_SENSITIVE_USER_RATE.perMinute).toBe(30);
    expect(kernel.TRUSTED_PROXIES).toEqual(['loopback', '10.1.2.3', '2001:db8::/32']);
    expect(kernel.REDIS_URL).toBe('rediss://:hunter2@cache:6380/1');
    const wrong = await read({ REDIS_URL: 'hunter2' }).catch((error: Error) => error.message);
    expect(wrong).not.toContain('hunter2');
  });
});
