// How the endpoints detect dead connections: by a ping every 30 s. The text `ping` of a client is answered with `pong`.

export const alive = {
  limits: { heartbeatMs: Number(process.env['LONGWIRE_HEARTBEAT_MS'] ?? 30_000) },
  textPing: true,
} as const;
