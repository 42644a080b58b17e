#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A client that knows as little of HTTP as it can, so that tests say byte by byte what is sent.
namespace tundish::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Reply {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;

    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
    [[nodiscard]] bool says(std::string_view part) const { return body.find(part) != std::string::npos; }
};

/// The bytes of a request with Content-Length, where there is a body.
inline std::string request_text(const std::string& method, const std::string& path, std::string_view body = {},
                                const Headers& headers = {}) {
    std::string out = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& [name, value] : headers) out.append(name).append(": ").append(value).append("\r\n");
    if (!body.empty() || method == "POST") out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return out.append("\r\n").append(body);
}

/// `body` in pieces of `size` bytes, as Transfer-Encoding: chunked has it.
inline std::string in_chunks(std::string_view body, std::size_t size) {
    std::string out;
    for (; !body.empty(); body.remove_prefix(std::min(size, body.size()))) {
        const std::string_view piece = body.substr(0, size);
        char length[32];
        std::snprintf(length, sizeof length, "%zx\r\n", piece.size());
        out.append(length).append(piece).append("\r\n");
    }
    return out + "0\r\n\r\n";
}

/// One connection to this machine. Throws std::runtime_error when the server does not do its part in time.
class HttpClient {
  public:
    explicit HttpClient(int port, std::chrono::seconds patience = std::chrono::seconds(120))
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), patience_(patience) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ::close(fd_);
            throw std::runtime_error("connection refused");
        }
    }
    HttpClient(HttpClient&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), patience_(other.patience_), input_(std::move(other.input_)) {}
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    ~HttpClient() {
        if (fd_ >= 0) ::close(fd_);
    }

    /// False when the server takes no more.
    [[nodiscard]] bool try_send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void send(std::string_view bytes) const {
        if (!try_send(bytes)) throw std::runtime_error("the server takes no more bytes");
    }

    /// Sends nothing more, but reads on.
    void half_close() const { ::shutdown(fd_, SHUT_WR); }

    /// The next reply. After HEAD there is no body to read.
    Reply read_reply(bool body = true) {
        Reply reply;
        const std::string status = line();
        if (!status.starts_with("HTTP/1.1 ")) throw std::runtime_error("not a status line: " + status);
        reply.status = std::stoi(status.substr(9, 3));
        for (std::string field = line(); !field.empty(); field = line()) {
            const auto colon = field.find(':');
            std::string name = field.substr(0, colon);
            for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            reply.headers[name] = field.substr(std::min(field.find_first_not_of(' ', colon + 1), field.size()));
        }
        const std::string length = reply.header("content-length");
        if (!body || length.empty()) return reply;
        const auto wanted = static_cast<std::size_t>(std::stoull(length));
        while (input_.size() < wanted) need_more();
        reply.body = input_.substr(0, wanted);
        input_.erase(0, wanted);
        return reply;
    }

    Reply ask(const std::string& method, const std::string& path, std::string_view body = {},
              const Headers& headers = {}) {
        // A server that refuses early may close before all is sent: its reply is there all the same.
        static_cast<void>(try_send(request_text(method, path, body, headers)));
        return read_reply(method != "HEAD");
    }

    /// True when the server has closed the connection without another byte.
    bool ended() { return input_.empty() && !more(); }

    /// Drops up to `most` bytes; how many, and 0 when the server has closed.
    std::size_t drop(std::size_t most) {
        if (input_.empty()) more();
        const std::size_t dropped = std::min(most, input_.size());
        input_.erase(0, dropped);
        return dropped;
    }

    /// All until the server closes.
    std::string rest() {
        while (more()) {
        }
        return std::exchange(input_, {});
    }

  private:
    std::string line() {
        std::size_t end = 0;
        while ((end = input_.find("\r\n")) == std::string::npos) need_more();
        std::string out = input_.substr(0, end);
        input_.erase(0, end + 2);
        return out;
    }

    void need_more() {
        if (!more()) throw std::runtime_error("the connection ended early, after '" + input_.substr(0, 200) + "'");
    }

    bool more() {
        pollfd waited{fd_, POLLIN, 0};
        const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(patience_);
        if (::poll(&waited, 1, static_cast<int>(longest.count())) <= 0) throw std::runtime_error("no reply in time");
        char chunk[65536];
        const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
        if (got > 0) input_.append(chunk, static_cast<std::size_t>(got));
        return got > 0;
    }

    int fd_;
    std::chrono::seconds patience_;
    std::string input_;
};

/// One request on a connection of its own.
inline Reply ask(int port, const std::string& method, const std::string& path, std::string_view body = {},
                 const Headers& headers = {}) {
    return HttpClient(port).ask(method, path, body, headers);
}

}  // namespace tundish::testing
