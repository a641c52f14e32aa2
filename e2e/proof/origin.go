package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// sawField is the field in which each origin says what it has read: the method, the
// target, the length of the body and the sum of its bytes.
const sawField = "X-Saw"

// origin is a server of another maker. Its configuration has ADDRESS, where it listens,
// SINK, a server of our own that says what it has read, and DIR, a folder of its own.
type origin struct {
	// program reads file, which holds config.
	program string
	args    []string
	file    string
	config  string
	// rewrites says that it may spell a target in another way when it passes it on.
	rewrites bool
}

// origins are strict ones (node's parser is llhttp; nginx) and lenient ones (python's reads
// line by line, Apache is told to take what it would refuse).
var origins = map[string]origin{
	"node":   {program: "node", args: []string{"DIR/origin.js"}, file: "origin.js", config: nodeOrigin},
	"python": {program: "python3", args: []string{"DIR/origin.py"}, file: "origin.py", config: pythonOrigin},
	"nginx":  {program: "nginx", args: []string{"-p", "DIR", "-c", "DIR/nginx.conf"}, file: "nginx.conf", config: nginxOrigin},
	"apache": {program: "apache2", args: []string{"-DFOREGROUND", "-d", "DIR", "-f", "DIR/apache.conf"}, file: "apache.conf", config: apacheOrigin, rewrites: true},
}

const nodeOrigin = `
const http = require('http');
const server = http.createServer((req, res) => {
  let length = 0, sum = 0;
  req.on('data', d => { length += d.length; for (const b of d) sum += b; });
  req.on('end', () => { res.setHeader('X-Saw', req.method + ' ' + req.url + ' ' + length + ' ' + sum); res.end('ok'); });
});
server.keepAliveTimeout = 60000;
const [host, port] = 'ADDRESS'.split(':');
server.listen(Number(port), host);
`

const pythonOrigin = `
import http.server, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def body(self):
        if 'chunked' in self.headers.get('Transfer-Encoding', '').lower():
            data = b''
            while True:
                size = int(self.rfile.readline().split(b';')[0].strip(), 16)
                data += self.rfile.read(size)
                if size == 0:
                    while self.rfile.readline().strip():
                        pass
                    return data
                self.rfile.readline()
        return self.rfile.read(int(self.headers.get('Content-Length', 0)))
    def answer(self):
        data = self.body()
        self.send_response(200)
        self.send_header('X-Saw', '%s %s %d %d' % (self.command, self.requestline.split(' ')[1], len(data), sum(data)))
        self.send_header('Content-Length', '2')
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(b'ok')
    def __getattr__(self, name):
        if name.startswith('do_'):
            return self.answer
        raise AttributeError(name)
    def log_message(self, *args):
        pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128
host, port = 'ADDRESS'.split(':')
Server((host, int(port)), Handler).serve_forever()
`

const nginxOrigin = `
daemon off;
user root;
worker_processes 1;
pid DIR/nginx.pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  client_max_body_size 0;
  underscores_in_headers on;
  merge_slashes off;
  keepalive_requests 1000000;
  server {
    listen ADDRESS;
    location / { proxy_pass http://SINK; proxy_set_header Host $http_host; }
  }
}
`

const apacheOrigin = `
ServerName origin.example
Listen ADDRESS
PidFile DIR/apache.pid
User nobody
Group nogroup
ErrorLog DIR/error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
HttpProtocolOptions Unsafe LenientMethods Allow0.9
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
AllowEncodedSlashes NoDecode
MergeSlashes Off
ProxyPass / http://SINK/ nocanon
`

// running is a started origin.
type running struct {
	address string
	cmd     *exec.Cmd
	said    bytes.Buffer
	ended   chan struct{}
	sink    *http.Server
	folder  string
}

// start runs the origin.
func (o origin) start(ctx context.Context) (*running, error) {
	folder, err := os.MkdirTemp("", "sluice-origin-")
	if err != nil {
		return nil, err
	}
	r := &running{folder: folder, ended: make(chan struct{})}
	if r.address, err = freeAddress("127.0.0.1"); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	sink, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	r.sink = &http.Server{Handler: http.HandlerFunc(tell), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = r.sink.Serve(sink) }() // It ends with an error only in stop.
	fill := func(text string) string {
		for name, value := range map[string]string{"ADDRESS": r.address, "SINK": sink.Addr().String(), "DIR": folder} {
			text = string(bytes.ReplaceAll([]byte(text), []byte(name), []byte(value)))
		}
		return text
	}
	if err := os.WriteFile(filepath.Join(folder, o.file), []byte(fill(o.config)), 0o600); err != nil {
		return nil, errors.Join(err, r.sink.Close(), os.RemoveAll(folder))
	}
	args := make([]string, len(o.args))
	for i, arg := range o.args {
		args[i] = fill(arg)
	}
	r.cmd = exec.Command(o.program, args...)
	r.cmd.Stdout, r.cmd.Stderr = &r.said, &r.said
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(err, r.sink.Close(), os.RemoveAll(folder))
	}
	go func() {
		_ = r.cmd.Wait() // How it ends is its own affair.
		close(r.ended)
	}()
	for end := time.Now().Add(readyWithin); ; {
		nc, err := net.Dial("tcp", r.address)
		if err == nil {
			return r, nc.Close()
		}
		if time.Now().After(end) {
			r.stop()
			return nil, fmt.Errorf("%s does not listen: %s", o.program, r.said.String())
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			r.stop()
			return nil, err
		}
	}
}

func (r *running) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.ended:
	case <-time.After(5 * time.Second):
		_ = r.cmd.Process.Kill()
		<-r.ended
	}
	_ = r.sink.Close()
	_ = os.RemoveAll(r.folder)
}

// tell says what it has read.
func tell(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Header().Set(sawField, shape{r.Method, r.RequestURI, len(body), sumOf(body)}.String())
	_, _ = io.WriteString(w, "ok")
}

// shape is what has to be the same for all who read a request.
type shape struct {
	method, target string
	length, sum    int
}

func (s shape) String() string {
	return fmt.Sprintf("%s %s %d %d", s.method, s.target, s.length, s.sum)
}

func sumOf(body []byte) (sum int) {
	for _, b := range body {
		sum += int(b)
	}
	return sum
}
