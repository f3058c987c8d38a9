def body(lines):
    return "{\n" + "  x();\n" * lines + "}\n"


def test_short_functions_are_accepted_and_counted(tree):
    tree.write("a/a.cc", "void f() " + body(10) + "namespace n {\nint g(int x) " + body(20) + "}\n")

    answer = tree.run("function_meter.py")

    assert answer.returncode == 0
    assert "functions: 2" in answer.stdout


def test_a_function_above_the_limit_is_named(tree):
    tree.write("a/a.cc", "\nvoid long_one(int x) const " + body(120))

    answer = tree.run("function_meter.py")

    assert answer.returncode == 1
    assert "a.cc:2" in answer.stdout and "long_one" in answer.stdout


def test_a_long_class_or_namespace_is_no_function(tree):
    tree.write("a/a.h", "class C {\n" + "  int f() { return 1; }\n" * 150 + "};\nnamespace x {\n" + "int g();\n" * 150 + "}\n")

    assert tree.run("function_meter.py").returncode == 0


def test_braces_in_comments_strings_and_other_branches_do_not_count(tree):
    text = 'void f() {\n  // }\n  auto s = "}{";\n  auto r = R"x(})x";\n#if A\n  if (x) {\n#else\n  if (y) {\n#endif\n  }\n}\n'
    tree.write("a/a.cc", text + "void g() {\n}\n")

    answer = tree.run("function_meter.py")

    assert "functions: 2" in answer.stdout
    assert "max 11" in answer.stdout


def test_lambdas_count_with_their_function(tree):
    tree.write("a/a.cc", "void f() {\n  run([] {\n    x();\n  });\n}\n")

    assert "functions: 1" in tree.run("function_meter.py").stdout


def test_tests_are_left_out(tree):
    tree.write("a/a.cc", "void f() {\n}\n")
    tree.write("a/a_test.cc", "void t() " + body(200))

    assert tree.run("function_meter.py").returncode == 0
