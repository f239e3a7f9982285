import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { operations, READY, ReleaseLoad } from '#test';

const { CARRIED, Front, install, linesOf, openShop, startService, takePayment } = operations;
const { carryNext, hasNextColumn, NEXT, NEXT_VERSION } = operations;
const { loseDatabase, restoreDump, setUpBackup, takeDump } = operations;
const SECRETS = /'[^']{20,}'/g;

/** From a Debian that has nothing to a shop that takes money, and once more without a change. */
describe('a clean Debian', () => {
  const diary = new operations.Diary();
  let root: Awaited<ReturnType<typeof operations.CleanRoot.build>>;
  let service: Awaited<ReturnType<typeof startService>>;
  let opened: Awaited<ReturnType<typeof openShop>>;
  let payment: string;
  let front: Awaited<ReturnType<typeof Front.open>>;

  let building: ReturnType<typeof operations.CleanRoot.build> | undefined;

  beforeAll(async () => {
    root = await diary.step(
      'a bare Debian',
      () => (building = operations.CleanRoot.build(['postgresql', 'nginx-light'])),
      (made) => `Debian ${made.readFile('etc/debian_version').trim()}, debootstrap; packages fetched`,
    ); // prettier-ignore
    await diary.step('a release is carried there', () => root.carry(CARRIED), () => 'Node and packages in it'); // prettier-ignore
  }, 570_000);

  afterAll(async () => {
    await front?.close().catch(() => {});
    await service?.stop().catch(() => {});
    // Also what came too late for its test.
    (await building?.catch(() => null))?.close();
  }, 300_000);

  const lastOf = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? '';

  /** Everything that the installer may write, by what is in it. */
  async function state(): Promise<string> {
    const find = 'find /etc /usr/local /opt /var/lib/ofitec -xdev ! -path "/opt/ofitec/releases/*/*" -printf "%p %m %u %l %T@\\n" 2>/dev/null | sort; true'; // prettier-ignore
    return createHash('sha256')
      .update(await root.read('sh', ['-c', find]))
      .digest('hex');
  }

  it('says what it would do, and does nothing', async () => {
    const before = await state();
    const dry = await install(root, ['--dry-run']);
    expect(dry).toMatchObject({ code: 0 });
    expect(linesOf(dry, 'would run').join('\n')).toMatch(
      /apt-get install .* postgresql\n.*useradd/,
    );
    expect([linesOf(dry, 'written'), linesOf(dry, 'done')]).toEqual([[], []]);
    expect(await state()).toBe(before);
  });

  it.each([
    ['no host name', {}, /ALLOWED_HOSTS is not set: .*Say ALLOWED_HOSTS=/],
    ['half a database', { ALLOWED_HOSTS: 'a.cl', DATABASE_URL: 'postgres://ofitec_app:x@db:5432/o' }, /without DATABASE_OWNER_URL/],
    ['a quote', { ALLOWED_HOSTS: "a.cl'; id" }, /may hold no quote/],
  ])('refuses %s before it changes anything', async (_, settings, reason) => {
    const before = await state();
    const { code, output } = await install(root, [], settings);
    expect([code, output]).toEqual([1, expect.stringMatching(reason)]);
    expect(await state()).toBe(before);
  }); // prettier-ignore

  it('refuses another system, and a call that makes no sense', async () => {
    const release = root.readFile('usr/lib/os-release');
    for (const [ours, theirs, reason] of [
      [/^ID=debian$/m, 'ID=fedora', /this is fedora, not Debian/],
      [/^VERSION_ID="12"$/m, 'VERSION_ID="11"', /Debian 11 is too old/],
    ] as const) {
      root.writeFile('usr/lib/os-release', release.replace(ours, theirs));
      expect(await install(root)).toMatchObject({ code: 1, output: expect.stringMatching(reason) });
    }
    root.writeFile('usr/lib/os-release', release);
    expect((await install(root, ['--dryrun'])).code).toBe(2);
  });

  it('installs', async () => {
    const done = await diary.step('infra/install.sh', () => install(root), (first) => `${linesOf(first, 'written').length} files, ${linesOf(first, 'done').length} steps`); // prettier-ignore
    expect([done.code, done.output]).toEqual([0, expect.stringContaining('not started')]);
    expect(linesOf(done, 'done').join('\n')).toMatch(/ofitec migrate: \d+ steps/);
    // No secret is said, and none can be read by anybody else.
    const secrets = ['ofitec.env', 'owner.env'].map((name) => root.readFile(`etc/ofitec/${name}`));
    for (const secret of secrets.join('').match(SECRETS) ?? []) {
      expect(done.output).not.toContain(secret.slice(1, -1));
    }
    const modes = await root.read('sh', ['-c', 'stat -c "%a %U" /etc/ofitec/*.env | sort -u']);
    expect(modes.trim()).toBe('600 root');
    expect(secrets[0]).not.toContain('ofitec_owner');
  }, 570_000);

  it('changes nothing when it is run again', async () => {
    const before = await state();
    const again = await diary.step('infra/install.sh again', () => install(root, [], {}), (second) => `${linesOf(second, 'as it was').length} things as they were`); // prettier-ignore
    expect([again.code, linesOf(again, 'written'), linesOf(again, 'done')]).toEqual([0, [], []]);
    expect(await state()).toBe(before);
  }, 300_000);

  it('takes a payment', async () => {
    service = await diary.step('server and worker start', () => startService(root), () => '/health/ready is 200'); // prettier-ignore
    opened = await diary.step('a company is founded', () => openShop(root, service.url), () => 'signed in with an authenticator app'); // prettier-ignore
    payment = await diary.step('a payment is taken', () => takePayment(opened), () => '201'); // prettier-ignore
    expect((await opened.admin.get(`payments/payments/${payment}`)).status).toBe(200);
  }, 300_000);

  it('is watched by its units', async () => {
    const check = root.startUnit('ofitec-alert-check.service');
    expect(await check.end()).toEqual({
      code: 0,
      output: expect.stringContaining('OFITEC ALERTS'),
    });
  });

  it('installs a second release beside the first, and moves a shop that is paying to it, and back', async () => {
    const path = `/api/v1/payments/payments/${payment}`;
    front = await diary.step('nginx in front of both colours', () => Front.open(root), () => 'TLS answers by the name of the host'); // prettier-ignore
    expect(await front.get(path, opened.admin.token)).toBe(200);
    // nginx was told before it ran; now it can be asked whether it does so.
    await root.read('ofitec', ['release', 'apply']);
    const first = root.linkOf('opt/ofitec/blue');
    const next = await diary.step('a second release is carried there', () => carryNext(root), (id) => `${id}: another version, with a migration that adds a column`); // prettier-ignore
    const load = await ReleaseLoad.of(front.target, opened.admin, opened.shop, 2);
    await load.answers(40);
    const put = await diary.step('its infra/install.sh --to green', () => install(root, ['--to', 'green'], {}, NEXT), (said) => `${lastOf(said.output, /(ofitec migrate: \d+ steps)/)}; blue goes on with the first release`); // prettier-ignore
    expect([put.code, put.output]).toEqual([0, expect.stringContaining('ofitec migrate: 1 steps')]);
    expect(await hasNextColumn(root)).toBe(true);
    const links = (): string[] =>
      ['blue', 'green', 'current'].map((name) => root.linkOf(`opt/ofitec/${name}`));
    expect(links()).toEqual([first, `releases/${next}`, first]);
    expect(first).not.toBe(`releases/${next}`);
    const green = root.startUnit('ofitec@green.service');
    await green.until(READY);
    const releases = async (): Promise<Record<string, string>> => {
      const { colours } = JSON.parse(
        (await root.read('ofitec', ['release', 'status', '--json'])).replace(/^[^{]*/, ''),
      ) as {
        colours: { colour: string; release: string }[];
      };
      return Object.fromEntries(colours.map(({ colour, release }) => [colour, release]));
    };
    expect(await releases()).toEqual({ blue: '0.1.0', green: NEXT_VERSION });
    const paid = load.paid;
    const switched = await diary.step('ofitec release switch --ungated', () => root.read('ofitec', ['release', 'switch', '--ungated']), (said) => `${lastOf(said, /^(.* is live.*)$/m)}; blue answered all that it had`); // prettier-ignore
    expect(switched).toContain('done: green is live, blue gets 0 %');
    await load.answers(40);
    // Blue is not needed any more; green alone serves what comes in.
    expect((await service.server.end('SIGTERM')).code).toBe(0);
    await load.answers(40);
    expect(await front.get(path, opened.admin.token)).toBe(200);
    service = await startService(root, { reached: service.url, worker: service.worker });
    await diary.step('ofitec release rollback', () => root.read('ofitec', ['release', 'rollback']), (said) => `${lastOf(said, /^(.* is live.*)$/m)}; the first release, over the second one’s schema`); // prettier-ignore
    await load.answers(40);
    expect((await green.end('SIGTERM')).code).toBe(0);
    await load.answers(40);
    await diary.step('payments all the while', () => load.stop(), () => `${load.answered} requests, ${load.failures.length} failed; ${load.paid} payments, ${load.paid - paid} of them since the switch began`); // prettier-ignore
    expect(load.failures).toEqual([]);
    expect(load.paid - paid).toBeGreaterThan(40);
    // Each was taken once: also one that was asked again.
    const sum = "SELECT count(*) FROM payments_payment WHERE method = 'debit' AND amount = 10";
    const rows = await root.read('runuser', ['-u', 'postgres', '--', 'psql', '-d', 'ofitec', '-XAtqc', sum]); // prettier-ignore
    expect(Number(rows)).toBe(load.paid);
    expect(await front.get(path, opened.admin.token)).toBe(200);
  }, 400_000);

  it('comes back from the loss of its database, with what was backed up and nothing else', async () => {
    await root.read('ofitec', ['audit', 'tip']);
    await diary.step(
      'backups are set up',
      () => setUpBackup(root),
      () => 'role, settings, folder',
    );
    const dump = await diary.step('ofitec-backup.service', () => takeDump(root), ({ bytes, tables }) => `${tables} tables, ${Math.round(bytes / 1_024)} KiB`); // prettier-ignore
    expect(dump.anchors).not.toBe('');
    const after = await takePayment(opened);
    await diary.step('PostgreSQL is killed, its data removed', () => loseDatabase(root), () => 'nothing is left of it'); // prettier-ignore
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(503);
    await Promise.all([service.server.end('SIGTERM'), service.worker.end('SIGTERM')]);
    const said = await diary.step('ofitec backup restore', () => restoreDump(root, dump), (words) => lastOf(words, /(\d+ of \d+ hold what the manifest says)/)); // prettier-ignore
    expect(said).toContain(`${dump.tables} of ${dump.tables} hold what the manifest says`);
    expect(said).toContain('ofitec_backup signs in as its settings say');
    const back = await diary.step('infra/install.sh starts it', () => install(root, [], {}), (again) => linesOf(again, 'written').join(', ')); // prettier-ignore
    expect([back.code, back.output]).toEqual([0, expect.stringContaining('password of ofitec_app')]); // prettier-ignore
    const verify = ['audit', 'verify', '--json', '--anchor'];
    await diary.step('ofitec audit verify --anchor', () => root.read('ofitec', [...verify, dump.anchors]), (words) => `${lastOf(words, /"events": *(\d+)/)} events, and the block that the backup names`); // prettier-ignore
    const another = dump.anchors.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    expect((await root.tell('ofitec', [...verify, another])).code).toBe(1);
    service = await diary.step('server and worker start again', () => startService(root, { reached: service.url }), () => '/health/ready is 200'); // prettier-ignore
    const statuses = [payment, after].map((id) => opened.admin.get(`payments/payments/${id}`));
    expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([200, 404]);
    await diary.step(
      'a payment is taken after it',
      () => takePayment(opened),
      () => '201',
    );
    // With the login that the restore gave back: nobody set a password by hand.
    const again = await diary.step('ofitec-backup.service after it', () => takeDump(root), ({ tables }) => `${tables} tables, by the login of before`); // prettier-ignore
    expect([again.tables, again.id]).toEqual([dump.tables, expect.not.stringContaining(dump.id)]);
  }, 500_000);

  it('keeps settings and data when it is removed, and comes back with them', async () => {
    const settings = root.readFile('etc/ofitec/ofitec.env');
    await service.stop();
    const removed = await diary.step('infra/install.sh --uninstall', () => install(root, ['--uninstall']), (said) => `${linesOf(said, 'done').length} steps; settings, data and user stay`); // prettier-ignore
    expect(removed.code).toBe(0);
    expect([root.has('opt/ofitec'), root.has('etc/systemd/system/ofitec@.service')]).toEqual([false, false]); // prettier-ignore
    const back = await diary.step('installed again', () => install(root, [], {}), () => 'with the settings that stood'); // prettier-ignore
    expect([back.code, root.readFile('etc/ofitec/ofitec.env')]).toEqual([0, settings]);
    service = await startService(root, { reached: service.url });
    expect((await opened.admin.get(`payments/payments/${payment}`)).status).toBe(200);
  }, 400_000);
});
