// In another network namespace: what comes in at a socket in the file system goes on to a port of its loopback.
import { createServer, connect } from 'node:net';

const [socket, port] = process.argv.slice(2);
const server = createServer((client) => {
  const inner = connect(Number(port), '127.0.0.1');
  for (const [from, to] of [
    [client, inner],
    [inner, client],
  ]) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
});
server.listen(socket, () => process.stdout.write('ready\n'));
