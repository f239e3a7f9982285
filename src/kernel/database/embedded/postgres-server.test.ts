import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { freePort, kernel, until } from '#test';

it('starts once its port is free again, which was somebody’s connection meanwhile', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-test-port-'));
  chmodSync(folder, 0o755);
  const data = join(folder, 'postgres');
  const port = await freePort();
  const rival = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => rival.listen(port, '127.0.0.1', resolve));
  const starting = kernel.PostgresServer.start({
    ...{ binaries: kernel.embeddedBinaries(), data, password: 'test' },
    settings: { port: String(port), fsync: 'off' },
  });
  starting.catch(() => undefined);
  try {
    await until('it was refused the port', () =>
      readFileSync(`${data}.log`, 'utf8').includes('Address already in use'),
    );
  } finally {
    await new Promise((resolve) => rival.close(resolve));
  }
  const server = await starting;
  expect(server.port).toBe(port);
  await server.stop();
  rmSync(folder, { recursive: true });
});
