// How the endpoints find out who is gone: by a ping every 30 s. And a client that says `ping` itself is answered `pong`.

export const alive = {
  limits: { heartbeatMs: Number(process.env['LONGWIRE_HEARTBEAT_MS'] ?? 30_000) },
  textPing: true,
} as const;
