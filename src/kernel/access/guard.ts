import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.js';
import type { ProblemDefinition } from '../http/problem.js';
import { Forbidden, Unauthenticated } from '../http/problems.js';
import { ALLOW, DESPITE, PUBLIC, SIGNED_IN, STEP_UP } from './allow.js';
import { Identification } from './identification.js';
import { demandStepUp } from './step-up.js';

/** Lets a request pass only where its route says it may: nothing is open by omission. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly identification: Identification,
  ) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const targets = [execution.getHandler(), execution.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, targets)) return true;

    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const actor = await this.identification.of(request);
    if (!actor) throw new Problem(Unauthenticated);

    if (actor.hindrance && !this.isOpenDespite(execution, actor.hindrance)) {
      throw new Problem(actor.hindrance);
    }
    const permission = this.reflector.getAllAndOverride<string | undefined>(ALLOW, targets);
    if (permission !== SIGNED_IN && !(permission && actor.permissions.has(permission))) {
      throw new Problem(Forbidden, {
        detail: {
          es: `Se necesita el permiso ${permission}.`,
          en: `The permission ${permission} is needed.`,
        },
      });
    }
    if (this.reflector.get<boolean>(STEP_UP, execution.getHandler())) demandStepUp();
    return true;
  }

  private isOpenDespite(execution: ExecutionContext, hindrance: ProblemDefinition): boolean {
    const named = this.reflector.get<ProblemDefinition[] | undefined>(
      DESPITE,
      execution.getHandler(),
    );
    return named !== undefined && (named.length === 0 || named.includes(hindrance));
  }
}
