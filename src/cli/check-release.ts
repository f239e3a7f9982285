export async function checkRelease(json: boolean): Promise<void> {
  process.stdout.write(String(json));
}
