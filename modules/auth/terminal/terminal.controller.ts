import { Body, Controller, Delete, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  Allow,
  Answers,
  AnswersNothing,
  Config,
  Creates,
  CrossSite,
  Id,
  kernelConfig,
  Lists,
  mapPage,
  NotFound,
  Public,
  Sensitive,
  StepUp,
} from '#kernel';
import type { Page } from '#kernel';
import { BranchInactive } from '#modules/base';
import { TooManyAttempts } from '../attempt/attempt.problems.js';
import { demandSameSite } from '../session/same-site.js';
import { agentOf, secretCookie, showSession, tokenOf } from '../session/session.cookie.js';
import { SessionView } from '../session/session.view.js';
import { RegisterTerminal, SignInAtTerminal } from './terminal.input.js';
import { UnknownTerminal, WrongPin } from './terminal.problems.js';
import { terminalList, TerminalService } from './terminal.service.js';
import { RegisteredTerminalView, TerminalView } from './terminal.view.js';

const TERMINAL_COOKIE = 'ofitec_terminal';
/** Sent nowhere else: it signs nobody in by itself. */
const COOKIE_PATH = '/api/v1/auth/terminals';
const TERMINAL_HEADER = 'X-Terminal-Token';

@ApiTags('auth')
@Controller('api/v1/auth/terminals')
export class TerminalController {
  private readonly trustedOrigins: readonly string[];

  constructor(
    private readonly terminals: TerminalService,
    config: Config,
  ) {
    this.trustedOrigins = config.of(kernelConfig).TRUSTED_ORIGINS;
  }

  @Get()
  @Allow('auth.terminal.read')
  @Lists(TerminalView, terminalList)
  async list(@Query() query: Record<string, unknown>): Promise<Page<TerminalView>> {
    return mapPage(await this.terminals.list(query), TerminalView.of);
  }

  @Post()
  @Sensitive()
  @Allow('auth.terminal.register')
  @StepUp()
  @Creates(RegisteredTerminalView, NotFound, BranchInactive)
  async register(
    @Body() input: RegisterTerminal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RegisteredTerminalView> {
    const { terminal, token } = await this.terminals.register(input);
    const { expiresAt: expires } = terminal;
    void reply.setCookie(TERMINAL_COOKIE, token, {
      ...secretCookie(request),
      path: COOKIE_PATH,
      expires,
    });
    return { ...TerminalView.of(terminal), token };
  }

  @Delete(':id')
  @Sensitive()
  @Allow('auth.terminal.revoke')
  @AnswersNothing(NotFound)
  async revoke(@Id() id: string): Promise<void> {
    await this.terminals.revoke(id);
  }

  /** Public: it is how one becomes somebody at a terminal, which proves itself by its token. */
  @Post('sign-in')
  @Public()
  @ApiHeader({
    name: TERMINAL_HEADER,
    required: false,
    description: 'The token of the terminal; a browser sends it as a cookie.',
    schema: { type: 'string', maxLength: 64 },
  })
  @Answers(SessionView, UnknownTerminal, WrongPin, TooManyAttempts, CrossSite, NotFound)
  async signIn(
    @Body() input: SignInAtTerminal,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    const header = request.headers[TERMINAL_HEADER.toLowerCase()];
    const cookie = header === undefined ? request.cookies[TERMINAL_COOKIE] : undefined;
    if (cookie !== undefined) demandSameSite(request, this.trustedOrigins);
    const token = typeof header === 'string' ? header : cookie;
    const earlier = tokenOf(request)?.token ?? null;
    const opened = await this.terminals.signIn(token, input, agentOf(request), earlier);
    return showSession(opened, request, reply);
  }
}
