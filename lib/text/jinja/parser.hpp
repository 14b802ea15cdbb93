// Tokens to tree, by the grammar of Jinja 3.1: https://jinja.palletsprojects.com/en/stable/templates/
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja/ast.hpp"
#include "text/jinja/lexer.hpp"

namespace lamina::text::jinja {

// Throws template_failed with line and column. `source` is UTF-8 with "\n" line ends.
Tree parse(std::string source);

class Parser {
  public:
    Parser(std::string_view source, Symbols& symbols);
    Body parse_all();

  private:
    // Depth of the source's nesting, for as long as the object lives.
    class Nested {
      public:
        explicit Nested(Parser& parser);
        ~Nested() { --parser_.depth_; }

      private:
        Parser& parser_;
    };
    // What a body is part of: which names it uses, whether it may leave a loop.
    struct Surroundings {
        bool in_loop = false;
        bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
    };

    // tokens
    const Token& peek(std::size_t ahead = 0) const;
    Token take();
    bool is_symbol(std::string_view text, std::size_t ahead = 0) const;
    bool is_name(std::string_view text, std::size_t ahead = 0) const;
    bool skip_symbol(std::string_view text);
    bool skip_name(std::string_view text);
    void expect_symbol(std::string_view text);
    Token expect_name();
    void expect_block_end();
    [[noreturn]] void fail(const std::string& message) const;
    [[noreturn]] void fail_expected(std::string_view what) const;

    // statements
    Body parse_body(std::initializer_list<std::string_view> ends);
    StatementPtr parse_statement();
    StatementPtr parse_for(std::size_t at);
    StatementPtr parse_if(std::size_t at);
    StatementPtr parse_set(std::size_t at);
    StatementPtr parse_with(std::size_t at);
    StatementPtr parse_generation(std::size_t at);
    StatementPtr parse_macro(std::size_t at);
    StatementPtr parse_call_block(std::size_t at);
    StatementPtr parse_filter_block(std::size_t at);
    StatementPtr parse_jump(std::size_t at, Flow flow);
    void parse_signature(Signature& signature);
    Body parse_callable_body(Signature& signature, std::string_view end);
    Target parse_target(bool allow_member);
    Target parse_one_target(bool allow_member);

    // expressions
    ExpressionPtr parse_expression();
    ExpressionPtr parse_tuple(bool conditional, bool parenthesised = false);
    ExpressionPtr parse_or();
    ExpressionPtr parse_and();
    ExpressionPtr parse_not();
    ExpressionPtr parse_comparison();
    ExpressionPtr parse_sum();
    ExpressionPtr parse_concatenation();
    ExpressionPtr parse_product();
    ExpressionPtr parse_power();
    ExpressionPtr parse_unary(bool with_filters);
    ExpressionPtr parse_primary();
    ExpressionPtr parse_named_primary();
    ExpressionPtr parse_text();
    ExpressionPtr parse_list();
    ExpressionPtr parse_dict();
    template <typename Next>
    ExpressionPtr parse_arithmetic(Next next,
                                   std::initializer_list<std::pair<std::string_view, Operator>> operators);
    bool at_tuple_end() const;
    bool take_relation(Relation& relation);

    std::unique_ptr<Postfix> parse_postfix(ExpressionPtr base, bool with_filters);
    bool parse_link(Postfix& node, bool with_filters);
    LinkPtr parse_attribute();
    LinkPtr parse_subscript();
    LinkPtr parse_call();
    LinkPtr parse_filter();
    LinkPtr parse_test();
    bool at_test_argument() const;
    CallArguments parse_arguments();
    void parse_argument(CallArguments& arguments);

    std::string_view source_;
    Symbols* symbols_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
    Surroundings around_;
};

}  // namespace lamina::text::jinja
