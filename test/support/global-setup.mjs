import { startTestServer } from '../../dist/test/support/server.js';

export default async function globalSetup() {
  globalThis.ofitecTestServer = await startTestServer();
}
