export default async function globalTeardown() {
  await globalThis.ofitecTestServer?.stop();
}
