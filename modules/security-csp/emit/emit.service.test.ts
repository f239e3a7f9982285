import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { cspPolicies, House } from '#test';
import type { Client } from '#test';

const TEXT = "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'";
const WAIVED = { waive: ['observed', 'month-end', 'canary', 'quiet'], reason: 'ensayo' };

type Emitted = Awaited<ReturnType<cspPolicies.EmitService['emit']>>;
type Target = Parameters<cspPolicies.EmitService['emit']>[0]['target'];

/** What is written of an app's policies, and when. */
describe('an emission', () => {
  let house: House;
  let admin: Client;
  let folder: string;
  let app = '';
  let apps = 0;

  beforeAll(async () => {
    house = await House.open();
    admin = await house.as('admin');
    folder = mkdtempSync(join(tmpdir(), 'ofitec-emit-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeEach(async () => {
    app = `tienda${(apps += 1)}`;
    await admin.post('security-csp/apps', { slug: app, hosts: ['tienda.example'] });
  });

  async function act(id: string, verb: string, body?: object): Promise<void> {
    const answer = await admin.post(`security-csp/policies/${id}/${verb}`, body);
    expect([verb, answer.status, answer.text]).toEqual([verb, 200, answer.text]);
  }

  async function candidate(text = TEXT): Promise<string> {
    const { body } = await admin.post('security-csp/policies', { app, policy: text });
    await act(body.id, 'report-only');
    await act(body.id, 'candidate');
    return body.id as string;
  }

  async function enforced(text: string, percent: number): Promise<string> {
    const id = await candidate(text);
    await act(id, 'enforce', { ...WAIVED, percent });
    return id;
  }

  async function emit(target: Target, service: string | null = null): Promise<Emitted> {
    const emits = house.app.get(cspPolicies.EmitService);
    return emits.emit({ target, app, base: '', secure: true, service });
  }

  const textsOf = ({ files }: Emitted): Record<string, string | null> =>
    Object.fromEntries(files.map(({ path, text }) => [path.split('/').at(-1) ?? '', text]));

  it('shares visitors out before a service of Traefik, and not without one', async () => {
    await enforced(TEXT, 100);
    await enforced(`${TEXT}; img-src 'self'`, 20);
    await expect(emit('traefik')).rejects.toThrow('--service');
    const emitted = await emit('traefik', 'erp@docker');
    const split = textsOf(emitted)['security_split.yml'] ?? '';
    expect(split).toMatch(/csp-strict"\n\s+weight: 20\n\s+- name: "csp-watched"\n\s+weight: 80/);
    expect(split).toContain('name: "ofitec_csp_2_20"');
    expect(split.match(/erp@docker/g)).toHaveLength(2);
    // First the shares, then what they are shares of: nobody gets enforced what is not theirs.
    expect(emitted.files[0]?.path).toContain('security_split.yml');
  });

  it('keeps every name while nothing is enforced, so that a server can always read it', async () => {
    const id = await enforced(TEXT, 100);
    const before = { ...textsOf(await emit('traefik', 'erp')), ...textsOf(await emit('nginx')) };
    await act(id, 'roll-back', { reason: 'ensayo' });
    const after = { ...textsOf(await emit('traefik', 'erp')), ...textsOf(await emit('nginx')) };
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
    expect(Object.values(after)).not.toContain(null);
    for (const file of ['security.yml', 'security.conf']) {
      expect(before[file]).toMatch(/Content-Security-Policy "|contentSecurityPolicy:/);
      expect(after[file]).not.toMatch(/Content-Security-Policy "|contentSecurityPolicy:/);
      expect(after[file]).toMatch(/Content-Security-Policy-Report-Only|contentSecurityPolicyRep/);
    }
    expect(after['security_split.yml']).toMatch(/csp-watched"\n\s+weight: 100/);
  });

  it('says what is enforced even where what is watched contradicts it', async () => {
    await enforced(TEXT, 100);
    const looser = await enforced(TEXT.replace("script-src 'self'", 'script-src *.test'), 100);
    await act(looser, 'roll-back', { reason: 'ensayo' });
    const emitted = await emit('header');
    const text = textsOf(emitted)['security.txt'] ?? '';
    expect(text).toContain("Content-Security-Policy: default-src 'self'; script-src 'self';");
    expect(text).not.toContain('Report-Only');
    expect(emitted.warnings.map(({ code }) => code)).toEqual(['not-watched']);
    expect(emitted.warnings[0]?.en).toContain('version 2 is not watched: script-src');
  });

  it('tells both sides of a percentage, as headers', async () => {
    await enforced(TEXT, 100);
    await enforced(`${TEXT}; img-src 'self'`, 20);
    const texts = textsOf(await emit('header'));
    expect(texts['security.txt']).toMatch(/^Content-Security-Policy: .*img-src 'self'/);
    expect(texts['security_report_only.txt']).toMatch(/^# for the other 80 of a hundred\n/);
    expect(texts['security_report_only.txt']).toMatch(/^Content-Security-Policy: .*none'; report/m);
    expect(texts['security_report_only.txt']).toMatch(/Report-Only: .*img-src 'self'/);
  });

  describe('with nonces', () => {
    async function withNonces(): Promise<string> {
      const id = await candidate();
      await house.rows(
        'owner',
        `UPDATE security_csp_policy SET nonces = '{script-src-elem}' WHERE id = '${id}'`,
      );
      return id;
    }

    it('is refused for what can only send the same to everybody', async () => {
      const alone = await withNonces();
      await expect(emit('nginx')).rejects.toThrow(
        'Version 1 of ' + app + ' needs --target helmet. script-src-elem: a nonce must be another',
      );
      await act(alone, 'enforce', WAIVED);
      for (const target of ['traefik', 'nginx', 'header'] as const) {
        await expect(emit(target)).rejects.toThrow('needs --target helmet');
      }
      const refused = await admin.post('security-csp/policies', {
        ...{ app, policy: "script-src 'nonce-abcdefgh'" },
      });
      expect([refused.status, refused.body.findings[0].code]).toEqual([422, 'static-nonce']);
    });

    it('is left out where it is only watched beside what is enforced', async () => {
      await enforced(TEXT, 100);
      await withNonces();
      const emitted = await emit('nginx');
      expect(emitted.warnings.map(({ code }) => code)).toEqual(['not-watched']);
      expect(textsOf(emitted)['security.conf']).not.toContain('Report-Only');
    });

    it('is middleware that makes one for every answer', async () => {
      await act(await withNonces(), 'enforce', { ...WAIVED, percent: 100 });
      const texts = textsOf(await emit('helmet'));
      expect(texts['security.json']).toBeNull();
      const answers = await served(texts['security.mjs'] ?? '', 20);
      const nonces = answers.map(({ policy, body }) => {
        expect(policy).toContain(`script-src 'self' 'nonce-${body}'`);
        expect(policy).toContain('report-to csp-endpoint');
        return body;
      });
      expect(new Set(nonces).size).toBe(20);
      expect(Math.min(...nonces.map((nonce) => Buffer.from(nonce, 'base64').length))).toBe(16);
    });
  });

  it('is middleware that keeps a percentage, and a visitor on one side', async () => {
    await enforced("script-src 'self'; object-src 'none'", 30);
    const text = textsOf(await emit('helmet'))['security.mjs'] ?? '';
    const answers = await served(text, 400);
    const strict = answers.filter(({ policy }) => policy !== null).length;
    // Four standard deviations of 400 visitors at 30 %.
    expect(Math.abs(strict - 120)).toBeLessThan(4 * Math.sqrt(400 * 0.3 * 0.7));
    expect(answers.filter(({ watched }) => watched !== null).length).toBe(400 - strict);
    expect(await served(text, 400)).toMatchObject(answers.map(({ policy }) => ({ policy })));
  });

  interface Served {
    readonly policy: string | null;
    readonly watched: string | null;
    readonly body: string;
  }

  /** What so many visitors get of an application that uses the emitted module. */
  async function served(module: string, visitors: number): Promise<Served[]> {
    // Below node_modules' parent, so that it finds helmet as an application would.
    const place = mkdtempSync(join(resolve('dist'), 'emitted-'));
    const path = join(place, 'security.mjs');
    writeFileSync(path, module);
    const { default: security } = (await import(pathToFileURL(path).href)) as {
      default: (...of: [...Parameters<RequestListener>, () => void]) => void;
    };
    const server = createServer((request, response) =>
      security(request, response, () => {
        response.end((response as unknown as { locals: { cspNonce: string } }).locals.cspNonce);
      }),
    );
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const all: Served[] = [];
    for (let visitor = 0; visitor < visitors; visitor += 1) {
      const headers = { 'user-agent': `Browser ${visitor}` };
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers });
      all.push({
        policy: answer.headers.get('content-security-policy'),
        watched: answer.headers.get('content-security-policy-report-only'),
        body: await answer.text(),
      });
    }
    await new Promise((done) => server.close(done));
    rmSync(place, { recursive: true });
    return all;
  }

  it('is written where it is not so already, and the reader is told until it has read', async () => {
    const place = join(folder, 'written');
    mkdirSync(place);
    const [log, broken] = [join(place, 'log'), join(place, 'broken')];
    const reload = `test ! -e ${broken} && echo read >> ${log}`;
    const write = (text: string): Promise<readonly string[]> =>
      cspPolicies.writeFiles(place, [{ path: 'infra/a.conf', text }], reload);
    const read = (): number => readFileSync(log, 'utf8').split('\n').length - 1;
    expect(await write('one')).toEqual(['infra/a.conf']);
    expect([await write('one'), read()]).toEqual([[], 1]);
    expect([await write('two'), read()]).toEqual([['infra/a.conf'], 2]);
    writeFileSync(broken, '');
    await expect(write('three')).rejects.toThrow('test ! -e');
    expect(readFileSync(join(place, 'infra', 'a.conf'), 'utf8')).toBe('three');
    await expect(write('three')).rejects.toThrow('test ! -e');
    rmSync(broken);
    expect([await write('three'), read()]).toEqual([[], 3]);
    expect([await write('three'), read()]).toEqual([[], 3]);
    expect(readdirSync(join(place, 'infra'))).toEqual(['a.conf']);
  });
});
