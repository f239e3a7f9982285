import { describe, expect, it } from '@jest/globals';
import { addressOf } from './certificate.js';

describe('where a certificate is served', () => {
  it.each([
    ['shop.cl', 'shop.cl', 443],
    ['shop.cl:8443', 'shop.cl', 8_443],
    ['192.0.2.7:443', '192.0.2.7', 443],
    ['[::1]:443', '::1', 443],
    ['[2001:db8::7]:8443', '2001:db8::7', 8_443],
    ['[2001:db8::7]', '2001:db8::7', 443],
    // Without brackets all of it is the address: the last group is no port.
    ['::1', '::1', 443],
    ['2001:db8::443', '2001:db8::443', 443],
  ])('%s is %s, port %i', (place, host, port) => {
    expect(addressOf(place)).toEqual({ host, port });
  });

  it.each(['[::1', '::1]:443', '[shop.cl]:443', 'shop.cl:99999', 'shop.cl:0', 'a:b:c', ':443', ''])(
    'refuses “%s”',
    (place) => {
      expect(() => addressOf(place)).toThrow('is no host:port');
    },
  );
});
