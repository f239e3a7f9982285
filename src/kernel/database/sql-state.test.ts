import { expect, it } from '@jest/globals';
import { isDiskFull, isRefusal } from './sql-state.js';

/** What PostgreSQL says as the driver passes it on. */
function said(severity: string, code: string): Error {
  return Object.assign(new Error('as PostgreSQL says'), { severity, code });
}

it.each([
  ['a constraint', said('ERROR', '23505'), true],
  ['a constraint, in French', said('ERREUR', '23505'), true],
  ['a full disk under the data', said('ERROR', '53100'), true],
  ['a full disk under the log, on which the server dies', said('PANIC', '53100'), false],
  ['a full disk in a language that is not known', said('ERREUR', '53100'), false],
  ['a server that is shut down', said('FATAL', '57P01'), false],
  ['a broken protocol', said('ERROR', '08P01'), false],
  ['a socket', Object.assign(new Error('gone'), { code: 'ECONNRESET' }), false],
  ['a bug', new Error('undefined is not a function'), false],
])('knows that nothing is stored after %s, or does not', (_, error, known) => {
  expect(isRefusal(error)).toBe(known);
});

it('says that the disk is full only when that was refused', () => {
  expect(isDiskFull(said('ERROR', '53100'))).toBe(true);
  expect(isDiskFull(said('PANIC', '53100'))).toBe(false);
  expect(isDiskFull(said('ERROR', '53200'))).toBe(false);
});
