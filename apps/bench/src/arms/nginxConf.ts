/** nginx configurations of the bench, tuned as one would for this: one worker, kept-alive connections, no access log. Pure. */

export interface NginxPlan {
  readonly port: number
  /** `host:port`. */
  readonly upstream: string
  /** `host:port` of the server that is asked before every call; undefined: nobody is asked. */
  readonly auth: string | undefined
}

const pool = (name: string, server: string): string => `
  upstream ${name} {
    server ${server};
    keepalive 256;
    keepalive_requests 1000000;
    keepalive_timeout 1h;
  }`

const asked = `
      auth_request /_auth;
      auth_request_set $user $upstream_http_x_user;
      auth_request_set $scopes $upstream_http_x_scopes;
      proxy_set_header X-User $user;
      proxy_set_header X-Scopes $scopes;
      proxy_set_header Authorization "";`

const asking = `
    location = /_auth {
      internal;
      proxy_pass http://auth;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
    }`

/** Relative paths are below the folder nginx is started for. */
export const nginxConf = ({ port, upstream, auth }: NginxPlan): string => `
worker_processes 1;
pid nginx.pid;
error_log stderr error;
events { worker_connections 16384; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 1h;
  keepalive_requests 1000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  proxy_http_version 1.1;
${pool("echo", upstream)}${auth === undefined ? "" : pool("auth", auth)}
  server {
    listen 127.0.0.1:${port} reuseport;${auth === undefined ? "" : asking}
    location / {
      client_body_buffer_size 128k;
      proxy_set_header Connection "";${auth === undefined ? "" : asked}
      proxy_pass http://echo;
    }
  }
}
`
