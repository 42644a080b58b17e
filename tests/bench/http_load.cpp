// http_load - keeps an HTTP server busy with one request, over and over, and says how quickly it answers.
//
//   http_load --port N [--path /invocations] [--type image/png] [--body FILE] [--connections 8] [--seconds 10] [--rate
//   0]
//
// Closed loop: each connection sends its next request when it has the answer. With --rate R requests begin R times a
// second whether or not earlier ones are answered, and latency counts from the time when a request was due (so that a
// server that stalls is not let off). One thread, epoll. Prints one line: requests a second, p50, p90, p99 in
// milliseconds, failures; and p99 over p50 of each quarter of a second, the median of these: a machine that stands
// still for ten milliseconds every second shows in p99, but not there.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <deque>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    int port = 8080, connections = 8;
    double seconds = 10, rate = 0;
    std::string path = "/invocations", type = "image/png", body, accept;
};

struct Client {
    int fd = -1;
    Clock::time_point due;
    bool busy = false;
    std::string reply;
};

std::string request_of(const Options& options) {
    std::string body;
    if (!options.body.empty()) {
        std::ifstream file(options.body, std::ios::binary);
        if (!file) throw std::runtime_error("cannot read " + options.body);
        std::ostringstream all;
        all << file.rdbuf();
        body = all.str();
    }
    std::string head = (body.empty() ? "GET " : "POST ") + options.path + " HTTP/1.1\r\nHost: localhost\r\n";
    if (!options.accept.empty()) head += "Accept: " + options.accept + "\r\n";
    if (!body.empty()) {
        head += "Content-Type: " + options.type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    }
    return head + "\r\n" + body;
}

class Load {
  public:
    explicit Load(const Options& options) : options_(options), request_(request_of(options)), epoll_(epoll_create1(0)) {
        clients_.resize(static_cast<std::size_t>(options.connections));
        for (auto& client : clients_) open(client);
    }

    void run() {
        begin_ = Clock::now();
        const auto end = begin_ + std::chrono::duration<double>(options_.seconds);
        next_due_ = begin_;
        if (options_.rate <= 0) {
            for (auto& client : clients_) send(client, Clock::now());
        }
        while (Clock::now() < end) {
            if (options_.rate > 0) start_due();
            receive();
        }
        elapsed_ = std::chrono::duration<double>(Clock::now() - begin_).count();
    }

    void print() {
        const double tail = usual_tail();
        const auto at = [&](double part) { return quantile(latencies_, part); };
        std::printf(
            "requests_per_s %.1f p50_ms %.3f p90_ms %.3f p99_ms %.3f max_ms %.3f p99_over_p50 %.3f requests %zu failed "
            "%zu\n",
            static_cast<double>(latencies_.size()) / elapsed_, at(0.5), at(0.9), at(0.99), at(1.0), tail,
            latencies_.size(), failed_);
    }

  private:
    static double quantile(std::vector<double>& of, double part) {
        if (of.empty()) return 0;
        const auto size = static_cast<double>(of.size());
        const auto place = std::min(of.size() - 1, static_cast<std::size_t>(part * size));
        std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(place), of.end());
        return of[place];
    }

    // Latencies lie in the order of the replies: pieces of as many as come in a quarter of a second.
    double usual_tail() const {
        const auto piece = static_cast<std::size_t>(static_cast<double>(latencies_.size()) / elapsed_ / 4);
        std::vector<double> ratios;
        for (std::size_t begin = 0; piece > 0 && begin + piece <= latencies_.size(); begin += piece) {
            const auto first = latencies_.begin() + static_cast<std::ptrdiff_t>(begin);
            std::vector<double> some(first, first + static_cast<std::ptrdiff_t>(piece));
            ratios.push_back(quantile(some, 0.99) / quantile(some, 0.5));
        }
        return quantile(ratios, 0.5);
    }

    void open(Client& client) {
        client.fd = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(client.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("cannot connect");
        }
        const int on = 1;
        ::setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &client;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event);
    }

    void send(Client& client, Clock::time_point due) {
        client.busy = true;
        client.due = due;
        client.reply.clear();

        for (std::size_t sent = 0; sent < request_.size();) {
            const auto count = ::send(client.fd, request_.data() + sent, request_.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) return fail(client);
            sent += static_cast<std::size_t>(count);
        }
    }

    void fail(Client& client) {
        ++failed_;
        ::close(client.fd);
        client.busy = false;
        open(client);
        if (options_.rate <= 0) send(client, Clock::now());
    }

    void start_due() {
        const auto now = Clock::now();
        while (next_due_ <= now) {
            waiting_.push_back(next_due_);
            next_due_ += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / options_.rate));
        }
        for (auto& client : clients_) {
            if (waiting_.empty()) return;
            if (client.busy) continue;
            send(client, waiting_.front());
            waiting_.pop_front();
        }
    }

    void receive() {
        epoll_event events[64];
        const timespec timeout = time_to_wait();
        const int count = ::epoll_pwait2(epoll_, events, 64, &timeout, nullptr);
        for (int i = 0; i < count; ++i) read(*static_cast<Client*>(events[i].data.ptr));
    }

    // Until the next request is due, to the nanosecond: whole milliseconds would send two that are due apart together.
    timespec time_to_wait() const {
        using namespace std::chrono_literals;
        const auto left = options_.rate > 0 ? next_due_ - Clock::now() : Clock::duration(100ms);
        const auto wait = std::clamp<std::chrono::nanoseconds>(left, 0ns, 100ms);
        return {0, static_cast<long>(wait.count())};
    }

    void read(Client& client) {
        char chunk[65536];
        const auto got = ::recv(client.fd, chunk, sizeof chunk, 0);
        if (got <= 0 || !client.busy) return fail(client);
        client.reply.append(chunk, static_cast<std::size_t>(got));
        if (!complete(client)) return;
        latencies_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - client.due).count());
        if (client.reply.compare(9, 3, "200") != 0) ++failed_;
        client.busy = false;
        if (options_.rate <= 0) send(client, Clock::now());
    }

    static bool complete(const Client& client) {
        const auto head = client.reply.find("\r\n\r\n");
        if (head == std::string::npos) return false;
        std::string lower = client.reply.substr(0, head);
        std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
        const auto length = lower.find("content-length:");
        return length != std::string::npos && client.reply.size() >= head + 4 + std::stoul(lower.substr(length + 15));
    }

    Options options_;
    std::string request_;
    int epoll_;
    std::vector<Client> clients_;
    std::deque<Clock::time_point> waiting_;
    std::vector<double> latencies_;
    std::size_t failed_ = 0;
    Clock::time_point begin_, next_due_;
    double elapsed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("keeps an HTTP server busy and says how quickly it answers");
    app.add_option("--port", options.port)->required();
    app.add_option("--path", options.path);
    app.add_option("--type", options.type);
    app.add_option("--accept", options.accept);
    app.add_option("--body", options.body);
    app.add_option("--connections", options.connections);
    app.add_option("--seconds", options.seconds);
    app.add_option("--rate", options.rate);
    CLI11_PARSE(app, argc, argv);
    try {
        Load load(options);
        load.run();
        load.print();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "http_load: %s\n", error.what());
        return 1;
    }
}
