import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Gate } from './gate.js';
import { NotTaken } from './sii-adapter.js';

const well = (): Promise<string> => Promise.resolve('well');
const failing = (): Promise<string> => Promise.reject(new Error('down'));

describe('the gate before a partner', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('lets nobody through for a minute after five failures in a row', async () => {
    const now = jest.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const gate = new Gate(6_000_000);
    let calls = 0;
    const call = (work: () => Promise<string>) => (): Promise<string> => {
      calls += 1;
      return work();
    };
    for (let failures = 0; failures < 4; failures += 1) {
      await expect(gate.pass(call(failing))).rejects.toThrow('down');
    }
    // One that goes well begins the count anew.
    await expect(gate.pass(call(well))).resolves.toBe('well');
    for (let failures = 0; failures < 5; failures += 1) {
      await expect(gate.pass(call(failing))).rejects.toThrow('down');
    }
    expect(calls).toBe(10);
    await expect(gate.pass(call(well))).rejects.toBeInstanceOf(NotTaken);
    now.mockReturnValue(1_059_000);
    await expect(gate.pass(call(well))).rejects.toBeInstanceOf(NotTaken);
    expect(calls).toBe(10);
    now.mockReturnValue(1_061_000);
    await expect(gate.pass(call(well))).resolves.toBe('well');
  });

  it('spaces calls out, also those that come at once', async () => {
    const gate = new Gate(1_200);
    const started = performance.now();
    const at: number[] = [];
    const call = (): Promise<void> => {
      at.push(performance.now() - started);
      return Promise.resolve();
    };
    await Promise.all([gate.pass(call), gate.pass(call), gate.pass(call)]);
    // 50 ms apart; a timer of Node may fire one millisecond early.
    expect(at[1]).toBeGreaterThan(48);
    expect(at[2]).toBeGreaterThan(98);
  });
});
