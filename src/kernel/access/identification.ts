import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Authenticator } from './authenticator.js';
import { currentContext } from './context.js';
import type { Actor } from './context.js';

/** Asks the {@link Authenticator} once per request who sends it, and tells the context. */
@Injectable()
export class Identification {
  private authenticator: Authenticator | null | undefined;
  private readonly asked = new WeakMap<FastifyRequest, Promise<Actor | null>>();

  constructor(private readonly modules: ModuleRef) {}

  /** The actor behind the request, or null when it proves nobody. */
  of(request: FastifyRequest): Promise<Actor | null> {
    const known = this.asked.get(request);
    if (known) return known;
    const answer = this.ask(request);
    this.asked.set(request, answer);
    return answer;
  }

  private async ask(request: FastifyRequest): Promise<Actor | null> {
    if (this.authenticator === undefined) this.authenticator = findProvider(this.modules);
    const actor = (await this.authenticator?.authenticate(request)) ?? null;
    const context = currentContext();
    if (!context) throw new Error('A request is identified inside of its context.');
    context.actor = actor;
    return actor;
  }
}

function findProvider(modules: ModuleRef): Authenticator | null {
  try {
    return modules.get<Authenticator>(Authenticator, { strict: false });
  } catch {
    return null;
  }
}
