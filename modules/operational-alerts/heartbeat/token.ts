import { createHash, randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Problem } from '#kernel';
import { WrongToken } from './heartbeat.problems.js';

const TOKEN = /^[\w-]{43}$/;

/** 256 random bits; whoever has it needs no other proof. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** SHA-256 in hexadecimal, which is what is stored. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The hash of the token that a request carries as a bearer. @throws Problem WrongToken without one */
export function tokenHashOf(request: FastifyRequest): string {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  if (!TOKEN.test(token)) throw new Problem(WrongToken);
  return hashToken(token);
}
