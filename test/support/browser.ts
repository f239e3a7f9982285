import type { Browser } from 'playwright-core';

/** Debian's package `chromium`; no browser is downloaded. */
const CHROMIUM = '/usr/bin/chromium';

/**
 * A real Chromium, headless, with a profile of its own that goes when it is closed. It reaches this
 * machine and nothing else. Close it when the test ends.
 *
 * @throws Error when Chromium is not installed: a missing tool is a failure
 */
export async function openBrowser(): Promise<Browser> {
  // Only tests that drive a browser load its driver.
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath: CHROMIUM,
    // Chromium refuses its own sandbox to root.
    chromiumSandbox: process.getuid?.() !== 0,
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'],
  });
}
